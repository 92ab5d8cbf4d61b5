"""Builds a new definition's moments from the stored history, step by step, beside the live stream.

Each step is one transaction and can be interrupted after any. A step locks the homes it evaluates;
the live stream waits for those and finds them evaluated, so both meet exactly (decisions 0006 and
0017).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from attribution.backfill import ReadHistory, build_in
from attribution.definitions import Definition
from attribution.increments import Increments
from attribution.relevance import relevance_of
from storage.arrays import Texts
from storage.definitions import DefinitionBody
from storage.gate import enter_gate, raise_registry_revision
from storage.moments import add_increments, drop_totals
from storage.pool import Connection
from storage.relevant_events import (
    HomesToBuild,
    next_homes_to_build,
    plan_by_home,
    relevant_events_of_homes,
)
from storage.statements import statement
from storage.states import update_states

BUILD_SHARD = -1
"""The shard of increments that no partition booked."""


MOST_HOMES = 2_000
"""How many homes a step locks at most, however few events it took to find them."""


@dataclass(frozen=True, slots=True)
class BuildStep:
    """What one step came to: the experiment, the homes it came past, and whether none are left.

    It read `events` stored events of `evaluated` homes, those that could be exposed.
    """

    definition_id: int
    experiment: str
    homes: int
    evaluated: int
    events: int
    is_last: bool


async def build_step(connection: Connection, *, limit: int) -> BuildStep | None:
    """Evaluate the homes that the next `limit` exposing events of one definition lead to.

    A home without any is passed by: should it get one from now on, the stream evaluates it, for the
    definition is active. None where no definition is being built.
    """
    await enter_gate(connection, alone=False)
    cursor = await connection.execute(statement("next_building_definition"))
    row = await cursor.fetchone()
    if row is None:
        return None
    definition_id, stored, built_up_to = row
    body = DefinitionBody.from_json(stored)
    definition = body.compile(definition_id)
    relevance = relevance_of(definition, body.experiment, body.metrics)
    await plan_by_home(connection)
    found = await next_homes_to_build(connection, relevance, after=built_up_to, limit=limit)
    due = found.up_to(MOST_HOMES)
    states = await _locked(connection, due.homes)
    # Read after the locks are held: so whatever the stream committed at these homes is among it.
    histories = await relevant_events_of_homes(connection, relevance, states)
    await _evaluate(connection, definition, states, histories)
    return BuildStep(
        definition_id=definition_id,
        experiment=definition.experiment,
        homes=await _note_progress(connection, definition_id, built_up_to, due),
        evaluated=len(states),
        events=sum(map(len, histories.values())),
        is_last=not due.has_more,
    )


async def complete_build(connection: Connection, definition_id: int, *, at: datetime) -> bool:
    """Let readings be made from a built definition; False where a newer one took its place.

    Alone in the gate, so that no batch is under way that still books to the retired one.
    """
    await enter_gate(connection, alone=True)
    retired = await connection.execute(
        statement("retire_current_definition"), {"id": definition_id}
    )
    ids = [row[0] for row in await retired.fetchall()]
    completed = await connection.execute(
        statement("complete_definition"), {"id": definition_id, "completed_at": at}
    )
    if completed.rowcount != 1:
        return False
    await drop_totals(connection, ids)
    await raise_registry_revision(connection)
    return True


async def _evaluate(
    connection: Connection,
    definition: Definition,
    states: Mapping[str, bytes],
    histories: Mapping[str, ReadHistory],
) -> None:
    increments = Increments()
    changed: dict[str, bytes] = {}
    for home, packed in states.items():
        new = build_in(definition, home, packed, histories[home], increments)
        if new is not None:
            changed[home] = new
    await update_states(connection, changed)
    await add_increments(connection, increments, shard=BUILD_SHARD)


async def _locked(connection: Connection, homes: Sequence[str]) -> dict[str, bytes]:
    """Return the states of these homes, which the live stream waits for from now on."""
    cursor = await connection.execute(statement("states_to_build"), {"homes": Texts(homes)})
    return dict(await cursor.fetchall())


async def _note_progress(
    connection: Connection, definition_id: int, after: str, done: HomesToBuild
) -> int:
    """Note how far the build has come; return how many homes it came past.

    With nothing left it is past every home there is: one that comes later is the stream's.
    """
    reached = done.homes[-1] if done.homes else after
    span = {"after": after, "up_to": reached if done.has_more else None}
    row = await (await connection.execute(statement("homes_passed"), span)).fetchone()
    assert row is not None, "a count is one row"
    passed, last = row
    await connection.execute(
        statement("note_build_progress"),
        {"id": definition_id, "built_up_to": max(reached, last or after), "homes": passed},
    )
    return int(passed)
