"""Releases a breakdown again and again as accounts come in, so that no small group ever follows.

A breakdown of one variant is released in editions, one with every reading that is shown. Each group
has the figure of the last edition that moved it; an edition moves a group only by k accounts or
more, and only if an audit over all editions passes. Decision 0010 says what callers must hold to.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

import msgspec

from transparency.audit import Knowledge, Question, all_open
from transparency.edition_knowledge import (
    Edition,
    joined,
    knowledge_of,
    open_part,
    questions_of,
    unknowns_of,
)
from transparency.small_cells import FEWEST_ACCOUNTS, is_small
from transparency.tables import EMPTY, Cell


class EditionError(ValueError):
    """Groups that cannot follow those of the edition before; the message says why."""


class History(msgspec.Struct, frozen=True):
    """All editions of one breakdown of one variant: a ledger that only grows, for no reader."""

    editions: tuple[Edition, ...] = ()


class Shown(msgspec.Struct, frozen=True):
    """What readers see of a group, and the edition it is from."""

    cell: Cell
    edition: int


def next_edition(
    history: History,
    groups: Mapping[str, Cell],
    *,
    at: datetime,
    shares: Collection[str] = (),
    k: int = FEWEST_ACCOUNTS,
) -> History:
    """Return the history with one edition more, or as it is where nothing has changed.

    `groups` hold every mature account of the variant once. Every reading that is shown makes an
    edition, and nothing else does: its totals are known, so they belong into the audit. Of
    `shares`, some of the measures, an account has one or none. Raises EditionError where a reading
    was not due or measures have changed. Deterministic.
    """
    edition = Edition(number=len(history.editions) + 1, at=at, groups=_complete(history, groups))
    if history.editions and edition.groups == history.editions[-1].groups:
        return history
    _refuse_what_was_not_due(history, edition, k)
    moved = _candidates(history, edition, k)
    while moved:
        attempt = _with(history, edition, moved)
        if _is_safe(attempt, shares, k):
            return attempt
        moved = moved[1:]
    # Moving nothing tells nothing of any group: new accounts may be in any of them.
    return _with(history, edition, ())


def shown(history: History) -> dict[str, Shown]:
    """Return the groups that readers see; whatever is not there is hidden."""
    found = {}
    for edition in history.editions:
        for name in edition.moved:
            found[name] = Shown(edition.groups[name], edition.number)
    return {name: found[name] for name in sorted(found) if found[name].cell.accounts}


def shown_total(history: History) -> Cell | None:
    """Return all accounts as of the last edition; None before the first."""
    return history.editions[-1].total if history.editions else None


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
        if not is_small(cell.accounts, k)
    }
    return sorted((n for n, by in changed.items() if by >= k), key=lambda n: (changed[n], n))


def _with(history: History, edition: Edition, moved: tuple[str, ...] | list[str]) -> History:
    done = msgspec.structs.replace(edition, moved=frozenset(moved))
    return History((*history.editions, done))


def _is_safe(history: History, shares: Collection[str], k: int) -> bool:
    return all(all_open(*asked) for asked in _audits(history, shares, k))


def _audits(
    history: History, shares: Collection[str], k: int
) -> Iterator[tuple[Knowledge, list[Question]]]:
    """Yield what is known and what must stay open: of accounts, and of every measure."""
    part = open_part(history.editions)
    accounts = unknowns_of(part, None)
    measures = history.editions[-1].measures
    if not measures.intersection(shares):  # else their audits ask of accounts too
        yield knowledge_of(accounts), questions_of(accounts, k, of_accounts=True)
    for measure in sorted(measures):
        unknowns = unknowns_of(part, measure)
        if measure in shares:
            yield joined(accounts, unknowns, k)
        else:
            yield knowledge_of(unknowns), questions_of(unknowns, k, of_accounts=False)


def _refuse_what_was_not_due(history: History, edition: Edition, k: int) -> None:
    before = (
        history.editions[-1] if history.editions else Edition(number=0, at=edition.at, groups={})
    )
    grown = edition.total.accounts - before.total.accounts
    if is_small(abs(grown), k):
        raise EditionError(f"groups: {grown:+} accounts since the last edition, fewer than {k}")
    # A measure that comes later has figures of accounts that were counted without it.
    if history.editions and edition.measures != before.measures:
        raise EditionError(
            f"groups: measures {sorted(before.measures)} as before, not {sorted(edition.measures)}"
        )
