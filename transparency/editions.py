"""Releases a breakdown again and again as accounts come in, so that no small group ever follows.

A breakdown of one variant is released in editions. Each group shows the figure of the last edition
that moved it; an edition moves a group only by k accounts or more, and only if an audit over all
editions passes. See decision 0010 for what the API must hold to so that the promise stands.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from transparency.audit import first_exposed
from transparency.edition_knowledge import (
    Edition,
    Unknowns,
    knowledge_of,
    open_part,
    questions_of,
    unknowns_of,
)
from transparency.small_cells import FEWEST_ACCOUNTS
from transparency.tables import EMPTY, Cell, total_of

GROWTH = 4
"""An edition comes with a quarter more accounts: few editions to audit together, however many."""


class History(msgspec.Struct, frozen=True):
    """All editions of one breakdown of one variant: a ledger that only grows, for no reader."""

    editions: tuple[Edition, ...] = ()


class Shown(msgspec.Struct, frozen=True):
    """What readers see of a group, and the edition it is from."""

    cell: Cell
    edition: int


def next_edition(
    history: History, groups: Mapping[str, Cell], *, at: datetime, k: int = FEWEST_ACCOUNTS
) -> History:
    """Return the history with one edition more, or as it is where none is due.

    `groups` hold every account of the variant once, as of a reading that was released itself: the
    total and its values are known to readers. Deterministic.
    """
    if not is_due(history, groups, k):
        return history
    edition = Edition(number=len(history.editions) + 1, at=at, groups=_complete(history, groups))
    moved = _candidates(history, edition, k)
    while moved:
        attempt = _with(history, edition, moved)
        if _is_safe(attempt, k):
            return attempt
        moved = moved[1:]
    # Moving nothing tells nothing of any group: new accounts may be in any of them.
    return _with(history, edition, ())


def is_due(history: History, groups: Mapping[str, Cell], k: int = FEWEST_ACCOUNTS) -> bool:
    """Tell whether enough accounts came in since the last edition."""
    last = total_of(list(history.editions[-1].groups.values())) if history.editions else EMPTY
    grown = total_of(list(groups.values())).accounts - last.accounts
    return grown >= k and GROWTH * grown >= last.accounts


def shown(history: History) -> dict[str, Shown]:
    """Return the groups that readers see; whatever is not there is hidden."""
    found = {}
    for edition in history.editions:
        for name in edition.moved:
            found[name] = Shown(edition.groups[name], edition.number)
    return {name: one for name, one in found.items() if one.cell.accounts}


def shown_total(history: History) -> Cell | None:
    """Return all accounts as of the last edition; None before the first."""
    return total_of(list(history.editions[-1].groups.values())) if history.editions else None


def _complete(history: History, groups: Mapping[str, Cell]) -> dict[str, Cell]:
    """Keep a name that was there once: its accounts may have been erased."""
    values = {name for cell in groups.values() for name in cell.values}
    known = set(groups).union(*(edition.groups for edition in history.editions[-1:]))
    return {name: _with_values(groups.get(name, EMPTY), values) for name in sorted(known)}


def _with_values(cell: Cell, names: set[str]) -> Cell:
    return Cell(cell.accounts, {name: cell.values.get(name, 0) for name in sorted(names)})


def _candidates(history: History, edition: Edition, k: int) -> list[str]:
    """Return the groups that changed by k accounts or more, those that changed least first."""
    before = shown(history)
    changed = {
        name: abs(cell.accounts - (before[name].cell.accounts if name in before else 0))
        for name, cell in edition.groups.items()
        if not 0 < cell.accounts < k
    }
    return sorted((n for n, by in changed.items() if by >= k), key=lambda n: (changed[n], n))


def _with(history: History, edition: Edition, moved: tuple[str, ...] | list[str]) -> History:
    done = msgspec.structs.replace(edition, moved=frozenset(moved))
    return History((*history.editions, done))


def _is_safe(history: History, k: int) -> bool:
    part = open_part(history.editions)
    return not any(
        _is_exposed(unknowns_of(part, measure), k, of_accounts=measure is None)
        for measure in (None, *sorted(history.editions[-1].measures))
    )


def _is_exposed(unknowns: Unknowns, k: int, *, of_accounts: bool) -> bool:
    questions = questions_of(unknowns, k, of_accounts=of_accounts)
    return first_exposed(knowledge_of(unknowns), questions) is not None
