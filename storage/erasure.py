"""Erases a contact: its events, its place, and what they added to any figure; and keeps it erased.

One transaction, alone in the gate. Afterwards every moment is what it would be had the contact
never been seen, and an event of it that is sent or read again is left out.
"""

from dataclasses import dataclass
from datetime import datetime

from attribution.fold import HomeBatch, fold
from schemas.partitioning import lone_home
from storage.definitions import load_active
from storage.events import events_of_homes
from storage.gate import enter_gate, raise_registry_revision
from storage.moments import add_increments
from storage.notices import notify_readings
from storage.pool import Connection
from storage.statements import statement
from storage.states import states_to_reevaluate, update_states

ERASURE_SHARD = -2
"""The shard of increments that an erasure booked."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """That something was erased: nothing here says whom it was about."""

    number: int
    erased_at: datetime
    erased_by: str | None
    events: int
    accounts: int
    experiments: tuple[str, ...]


async def erase_contact(
    connection: Connection, contact: str, *, by: str | None, at: datetime
) -> Erasure:
    """Erase a contact; one that was never seen leaves an erasure of no events, and stays out."""
    await enter_gate(connection, alone=True)
    homes = await _homes_of(connection, contact)
    events = await _delete_events(connection, contact, homes)
    await connection.execute(statement("forget_contact"), {"contact": contact})
    await connection.execute(statement("delete_dead_letters_naming"), {"contact": contact.encode()})
    await connection.execute(statement("note_erased_contact"), {"contact": contact})
    touched = await _reevaluate(connection, homes)
    await raise_registry_revision(connection)
    await notify_readings(connection, touched)
    return await _noted(connection, events, len(homes), sorted(touched), by=by, at=at)


async def erasures_before(connection: Connection, *, before: int, limit: int) -> list[Erasure]:
    """Return up to `limit` erasures with a smaller number, the newest first."""
    asked = {"before": before, "limit": limit}
    cursor = await connection.execute(statement("erasures_before"), asked)
    return [
        Erasure(number, at, by, events, accounts, tuple(experiments))
        for number, at, by, events, accounts, experiments in await cursor.fetchall()
    ]


async def _homes_of(connection: Connection, contact: str) -> list[str]:
    asked = {"contact": contact, "lone": lone_home(contact)}
    cursor = await connection.execute(statement("homes_seen_of_contact"), asked)
    return sorted(row[0] for row in await cursor.fetchall())


async def _delete_events(connection: Connection, contact: str, homes: list[str]) -> int:
    deleted = await connection.execute(
        statement("delete_events_of_contact"), {"contact": contact, "homes": homes}
    )
    return deleted.rowcount


async def _reevaluate(connection: Connection, homes: list[str]) -> set[str]:
    """Evaluate the homes anew from what is left of their histories; return the experiments."""
    definitions = await load_active(connection)
    states = await states_to_reevaluate(connection, homes)
    histories = await events_of_homes(connection, states)
    folded = fold(
        definitions.index,
        {
            home: HomeBatch(packed=packed, events=(), history=histories[home], reevaluate_all=True)
            for home, packed in states.items()
        },
    )
    await update_states(connection, folded.states)
    await add_increments(connection, folded.increments, shard=ERASURE_SHARD)
    return definitions.experiments_of(folded.increments.definitions)


async def _noted(
    connection: Connection,
    events: int,
    accounts: int,
    experiments: list[str],
    *,
    by: str | None,
    at: datetime,
) -> Erasure:
    values = {"at": at, "by": by, "events": events, "accounts": accounts}
    cursor = await connection.execute(
        statement("insert_erasure"), {**values, "experiments": experiments}
    )
    row = await cursor.fetchone()
    assert row is not None
    return Erasure(row[0], at, by, events, accounts, tuple(experiments))
