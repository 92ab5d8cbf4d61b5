"""Builds a new definition's moments from the stored history, step by step, beside the live stream.

Each step is one transaction and can be interrupted after any. A step locks the homes it evaluates;
the live stream waits for those and finds them evaluated, so both meet exactly (decision 0006).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from attribution.definitions import Definition
from attribution.fold import evaluate_in
from attribution.increments import Increments
from schemas.events import Event
from storage.definitions import DefinitionBody
from storage.events import events_of_homes
from storage.gate import enter_gate, raise_registry_revision
from storage.moments import add_increments, drop_totals
from storage.pool import Connection
from storage.statements import statement
from storage.states import next_states_for_update, update_states

BUILD_SHARD = -1
"""The shard of increments that no partition booked."""


@dataclass(frozen=True, slots=True)
class BuildStep:
    """What one step came to: the experiment, how many homes, and whether none are left."""

    definition_id: int
    experiment: str
    homes: int
    is_last: bool


async def build_step(connection: Connection, *, limit: int) -> BuildStep | None:
    """Evaluate the next `limit` homes of one definition being built; None where none is."""
    await enter_gate(connection, alone=False)
    cursor = await connection.execute(statement("next_building_definition"))
    row = await cursor.fetchone()
    if row is None:
        return None
    definition_id, body, built_up_to = row
    definition = DefinitionBody.from_json(body).compile(definition_id)
    states = await next_states_for_update(connection, after=built_up_to, limit=limit)
    histories = await events_of_homes(connection, states)
    await _evaluate(connection, definition, states, histories)
    if states:
        await _note_progress(connection, definition_id, states)
    return BuildStep(definition_id, definition.experiment, len(states), len(states) < limit)


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
    histories: Mapping[str, Sequence[Event]],
) -> None:
    increments = Increments()
    changed: dict[str, bytes] = {}
    for home, packed in states.items():
        new = evaluate_in(definition, home, packed, histories[home], increments)
        if new is not None:
            changed[home] = new
    await update_states(connection, changed)
    await add_increments(connection, increments, shard=BUILD_SHARD)


async def _note_progress(
    connection: Connection, definition_id: int, states: Mapping[str, bytes]
) -> None:
    await connection.execute(
        statement("note_build_progress"),
        {"id": definition_id, "built_up_to": max(states), "homes": len(states)},
    )
