"""Deletes what no rule keeps and no experiment needs: whole months as tables, the rest by pages.

Every step is a transaction of its own and safe to repeat: a pass that is interrupted is completed
by the next. What is deleted is written down in the transaction that takes it out of sight, and
figures, whoever verifies them, and the stream never wait for it (decision 0018).
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

from psycopg import errors

from schemas.event_types import EVENT_TYPES
from storage.definitions import NOTHING_LOADED, ActiveDefinitions, load_active
from storage.event_leaves import (
    Leaf,
    delete_in_pages,
    drop_aside,
    event_leaves,
    events_by_type,
    leaves_aside,
    set_aside,
)
from storage.event_types import newest_event_types
from storage.gate import enter_gate
from storage.pool import Connection
from storage.retention import (
    Cutoff,
    RetentionRun,
    cutoffs,
    note_run,
    noted_cutoffs,
    retention_rules,
)
from storage.statements import statement

PAGES_AT_ONCE = 1_000
"""Pages of 8 KiB that one transaction looks through: some 30,000 events, well under a second."""

GATE_PATIENCE = "1s"
"""How long batches are held up at most while a month waits for those that are under way."""

Transactions = Callable[[], AbstractAsyncContextManager[Connection]]
"""Begins a transaction, and ends it with the block."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass deleted, by rule, and the tables that were in use: the next pass tries again."""

    runs: tuple[RetentionRun, ...]
    put_off: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What holds for a transaction inside the gate."""

    definitions: ActiveDefinitions
    cutoffs: tuple[Cutoff, ...]
    leaves: tuple[Leaf, ...]
    own_types: tuple[str, ...]


async def run_pass(begin: Transactions, *, at: datetime) -> Pass:
    """Delete all that no rule keeps at this time."""
    async with begin() as connection:
        plan = await _plan(connection, NOTHING_LOADED, at, alone=False)
    put_off: list[str] = []
    for leaf in plan.leaves:
        is_due = goes_whole(leaf, plan.cutoffs, plan.own_types)
        if is_due and not await _set_aside(begin, plan, leaf, at):
            put_off.append(leaf.name)
    async with begin() as connection:
        aside = await leaves_aside(connection)
    counted: list[Mapping[Cutoff, int]] = []
    for table in aside:
        found = await _finish(begin, table, at)
        if found is None:
            put_off.append(table)
        else:
            counted.append(found)
    for leaf in plan.leaves:
        if _meets(leaf, plan.cutoffs) and not goes_whole(leaf, plan.cutoffs, plan.own_types):
            counted += [found async for found in _by_pages(begin, plan, leaf, at)]
    return Pass(_summed(plan.cutoffs, counted, at), tuple(put_off))


def goes_whole(leaf: Leaf, cutoffs: Sequence[Cutoff], own_types: Collection[str]) -> bool:
    """Tell whether nothing that may be stored in the leaf is kept. Pure.

    Asked of all types that the contract or a registration allows, not of those that are stored:
    that is known without a look at the rows.
    """
    passed = [cutoff for cutoff in cutoffs if cutoff.before_us >= leaf.ends_us]
    types = own_types if leaf.family is None else _types_of(leaf.family)
    return bool(types) and all(any(cutoff.covers(kind) for cutoff in passed) for kind in types)


async def _plan(
    connection: Connection, known: ActiveDefinitions, at: datetime, *, alone: bool
) -> _Plan:
    """Look at everything that decides, inside the gate: until the end no experiment starts."""
    await enter_gate(connection, alone=alone)
    definitions = await load_active(connection, known)
    rules = await retention_rules(connection)
    return _Plan(
        definitions=definitions,
        cutoffs=cutoffs(rules, definitions.index, at),
        leaves=tuple(await event_leaves(connection)) if rules else (),
        own_types=tuple(own.type for own in await newest_event_types(connection)),
    )


async def _set_aside(begin: Transactions, plan: _Plan, leaf: Leaf, at: datetime) -> bool:
    """Take a month out of sight; False where somebody uses it, or it must not go any more."""
    try:
        async with begin() as connection:
            await connection.execute(statement("enter_gate_soon"), {"patience": GATE_PATIENCE})
            now = await _plan(connection, plan.definitions, at, alone=True)
            if leaf.name not in {one.name for one in now.leaves}:
                return True
            if not goes_whole(leaf, now.cutoffs, now.own_types):
                return False
            await set_aside(connection, leaf)
            for cutoff in _covering(leaf, now):
                # Its events are counted later; that it may have deleted some is known from now on.
                await note_run(connection, RetentionRun(at, cutoff.type, cutoff.older_than, 0))
    except errors.LockNotAvailable:
        return False
    return True


async def _finish(begin: Transactions, table: str, at: datetime) -> Mapping[Cutoff, int] | None:
    """Count and drop what was set aside; None where it is in use, or somebody else is at it."""
    try:
        async with begin() as connection:
            if not await _is_alone(connection) or table not in await leaves_aside(connection):
                return None
            by_type = await events_by_type(connection, table)
            await drop_aside(connection, table)
            # By what was noted when it was set aside: rules may have changed since.
            found = _by_cutoff(await noted_cutoffs(connection), by_type)
            await _note(connection, found, at)
            return found
    except errors.LockNotAvailable:
        return None


async def _is_alone(connection: Connection) -> bool:
    row = await (await connection.execute(statement("try_finishing_leaf"))).fetchone()
    return row is not None and bool(row[0])


async def _by_pages(
    begin: Transactions, plan: _Plan, leaf: Leaf, at: datetime
) -> AsyncIterator[Mapping[Cutoff, int]]:
    """Walk through a leaf that something is kept of, a part at a time."""
    for first in range(0, leaf.pages, PAGES_AT_ONCE):
        async with begin() as connection:
            now = await _plan(connection, plan.definitions, at, alone=False)
            if leaf.name not in {one.name for one in now.leaves}:
                return
            gone = await delete_in_pages(
                connection, leaf, now.cutoffs, first, first + PAGES_AT_ONCE
            )
            found = _by_cutoff(now.cutoffs, gone)
            await _note(connection, found, at)
        yield found


async def _note(connection: Connection, found: Mapping[Cutoff, int], at: datetime) -> None:
    for cutoff, events in found.items():
        await note_run(connection, RetentionRun(at, cutoff.type, cutoff.older_than, events))


def _by_cutoff(cutoffs: Sequence[Cutoff], by_type: Mapping[str, int]) -> dict[Cutoff, int]:
    """Give each event to the first rule that its type falls to."""
    found: dict[Cutoff, int] = {}
    for kind, events in by_type.items():
        cutoff = next(one for one in cutoffs if one.covers(kind))
        found[cutoff] = found.get(cutoff, 0) + events
    return found


def _summed(
    cutoffs: Sequence[Cutoff], counted: Sequence[Mapping[Cutoff, int]], at: datetime
) -> tuple[RetentionRun, ...]:
    """Add up what was deleted by type: an experiment that started meanwhile may move a cutoff."""
    events: dict[str, int] = {}
    for found in counted:
        for cutoff, number in found.items():
            events[cutoff.type] = events.get(cutoff.type, 0) + number
    return tuple(
        RetentionRun(at, one.type, one.older_than, events.get(one.type, 0)) for one in cutoffs
    )


def _meets(leaf: Leaf, cutoffs: Sequence[Cutoff]) -> bool:
    """Tell whether the leaf may hold anything that a rule does not keep."""
    due = [cutoff for cutoff in cutoffs if cutoff.before_us > leaf.starts_us]
    if leaf.family is None:
        return bool(due)
    return any(cutoff.covers(kind) for cutoff in due for kind in _types_of(leaf.family))


def _covering(leaf: Leaf, plan: _Plan) -> list[Cutoff]:
    types = plan.own_types if leaf.family is None else _types_of(leaf.family)
    return [cutoff for cutoff in plan.cutoffs if any(cutoff.covers(kind) for kind in types)]


def _types_of(family: str) -> list[str]:
    return [name for name, row in EVENT_TYPES.items() if row.family == family]
