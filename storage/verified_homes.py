"""Walks through all stored events, home by home, and holds the stored figures against them.

A home is what the events themselves say it is, not what is stored as such; so history that stands
at the wrong account is found. Memory holds one home and some rows, however many there are.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from attribution.differences import (
    Check,
    ContactPlace,
    Difference,
    Differences,
    EventPlace,
    UnitPlace,
)
from attribution.recomputation import Recomputation
from attribution.total_differences import Totals, differences_of_totals, totals_by_definition
from schemas.events import Event
from storage.event_rows import event_of_row
from storage.pool import Connection
from storage.statements import statement
from storage.stored_totals import stored_totals
from storage.streamed_rows import ROWS_AT_ONCE, streamed
from storage.verified_snapshot import Snapshot

Progress = Callable[[int], None]
"""Called with the number of further events that were looked at."""


@dataclass(frozen=True, slots=True)
class VerifiedHomes:
    """How many homes were looked at; each definition's totals as stored and as recomputed."""

    homes: int
    stored: dict[int, Totals]
    recomputed: dict[int, Totals]


@dataclass(frozen=True, slots=True)
class _History:
    """The events of one home that can change a figure, and what was found on the way."""

    home: str
    events: list[Event] = field(default_factory=list)
    # In order and once each: a contact may be named by a thousand events.
    differences: dict[Difference, None] = field(default_factory=dict)


async def verify_homes(
    connection: Connection, snapshot: Snapshot, differences: Differences, progress: Progress
) -> VerifiedHomes:
    """Recompute states and totals of every definition of the snapshot, in its transaction."""
    recomputation = Recomputation(snapshot.standing)
    homes = await _walk(connection, snapshot, recomputation, differences, progress)
    recomputed = totals_by_definition(snapshot.standing, recomputation.increments)
    stored = {key: await stored_totals(connection, key) for key in recomputed}
    for one in snapshot.standing:
        key = one.definition.id
        differences.add(differences_of_totals(one, stored[key], recomputed[key]))
    return VerifiedHomes(homes, stored, recomputed)


async def _walk(
    connection: Connection,
    snapshot: Snapshot,
    recomputation: Recomputation,
    differences: Differences,
    progress: Progress,
) -> int:
    homes = 0
    held: list[tuple[int, str]] = []
    async with (
        aclosing(_histories(connection, snapshot, recomputation, progress)) as histories,
        aclosing(_beside_states(connection, histories)) as walked,
    ):
        async for history, packed in walked:
            homes += 1
            found = recomputation.add_home(history.home, history.events, packed)
            differences.add(history.differences)
            differences.add(found.differences)
            held += [(definition, history.home) for definition in found.holding]
            if len(held) >= ROWS_AT_ONCE:
                differences.add(await _not_noted(connection, snapshot, held))
                held.clear()
    differences.add(await _not_noted(connection, snapshot, held))
    return homes


async def _beside_states(
    connection: Connection, histories: AsyncIterator[_History]
) -> AsyncGenerator[tuple[_History, bytes | None]]:
    """Yield every home that has a history, a state or both, in order."""
    async with aclosing(streamed(connection, "states_to_verify", {})) as states:
        state = await anext(states, None)
        async for history in histories:
            while state is not None and state[0] < history.home:
                yield _History(state[0]), state[1]
                state = await anext(states, None)
            if state is None or state[0] != history.home:
                yield history, None
                continue
            yield history, state[1]
            state = await anext(states, None)
        while state is not None:
            yield _History(state[0]), state[1]
            state = await anext(states, None)


async def _histories(
    connection: Connection, snapshot: Snapshot, recomputation: Recomputation, progress: Progress
) -> AsyncGenerator[_History]:
    current: _History | None = None
    number = 0
    asked = {"forgotten_us": snapshot.forgotten_us}
    async with aclosing(streamed(connection, "histories_to_verify", asked)) as rows:
        async for row in rows:
            number += 1
            if number % ROWS_AT_ONCE == 0:
                progress(ROWS_AT_ONCE)
            home = row[0] or ""
            if current is not None and home != current.home:
                yield current
                current = None
            current = current or _History(home)
            _note(current, row, recomputation)
    if current is not None:
        yield current
    progress(number % ROWS_AT_ONCE)


def _note(history: _History, row: tuple[Any, ...], recomputation: Recomputation) -> None:
    home, (stored_home, contact_home, stored_contact_home) = row[0], row[14:]
    if stored_home != home or stored_contact_home != contact_home:
        history.differences.update(dict.fromkeys(_differences_of_homes(row)))
    if recomputation.reads(row[3]):
        history.events.append(event_of_row(row[:14]))


def _differences_of_homes(row: tuple[Any, ...]) -> Iterator[Difference]:
    home, source, event_id, contact = row[0], row[1], row[2], row[6]
    stored_home, contact_home, stored_contact_home = row[14:]
    if stored_home != home:
        yield Difference(Check.HOMES, EventPlace(source, event_id), "home", stored_home, home)
    if stored_contact_home != contact_home:
        place = ContactPlace(contact)
        yield Difference(Check.CONTACTS, place, "home", stored_contact_home, contact_home)


async def _not_noted(
    connection: Connection, snapshot: Snapshot, held: Sequence[tuple[int, str]]
) -> list[Difference]:
    experiments = {one.definition.id: one.definition.experiment for one in snapshot.standing}
    asked = {
        "definition_ids": [definition for definition, _ in held],
        "homes": [home for _, home in held],
    }
    cursor = await connection.execute(statement("homes_not_noted"), asked)
    return [
        Difference(
            Check.DEFINITION_HOMES,
            UnitPlace(definition, experiments[definition], home),
            "home",
            None,
            home,
        )
        for definition, home in await cursor.fetchall()
    ]
