"""Sums of what lies below a campaign, made of nothing but the parts that the viewer may see.

A sum never holds a part that is not shown beside it. So there is nothing to subtract: hiding a
part takes it out of every sum above it, for this viewer and in every order of grouping.
"""

from collections.abc import Iterator

import msgspec

from schemas.policies import Level
from transparency.small_cells import FEWEST_ACCOUNTS, is_small
from transparency.tables import EMPTY, Cell, total_of


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment or content below a campaign, with its figures as they were last released.

    `level` is what this viewer sees of it. Parts below it are not in its own figures.
    """

    key: str
    level: Level
    own: Cell = EMPTY
    parts: tuple["Part", ...] = ()


class RollUp(msgspec.Struct, frozen=True, kw_only=True):
    """A part as this viewer sees it: its sum is that of its own figures and the parts shown.

    An account counts once in every part it is in. `has_small` says that parts of few accounts are
    left out; of parts that the viewer may not see, nothing is said.
    """

    key: str
    sum: Cell
    own: Cell | None
    parts: tuple["RollUp", ...]
    has_small: bool


def roll_up(part: Part, *, needs: Level = Level.METRICS, k: int = FEWEST_ACCOUNTS) -> RollUp:
    """Return the sums that a viewer may see; `needs` is the level that figures of a part need."""
    below = [roll_up(child, needs=needs, k=k) for child in part.parts if _is_there(child)]
    shown = [child for child in below if child.own is not None or child.parts]
    may_see = part.level >= needs
    own = part.own if may_see and part.own.accounts and not is_small(part.own.accounts, k) else None
    return RollUp(
        key=part.key,
        sum=total_of([own or EMPTY, *(child.sum for child in shown)]),
        own=own,
        parts=tuple(shown),
        has_small=(may_see and is_small(part.own.accounts, k))
        or any(child.has_small for child in below),
    )


def shown_parts(rolled: RollUp) -> Iterator[RollUp]:
    """Yield every part that has figures of its own, however deep."""
    if rolled.own is not None:
        yield rolled
    for child in rolled.parts:
        yield from shown_parts(child)


def _is_there(part: Part) -> bool:
    """Tell whether anything of a part may be known to this viewer."""
    return part.level > Level.NONE or any(_is_there(child) for child in part.parts)
