"""The log as stored: new events in, whole histories out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import compress

from attribution.history_need import HistoryNeed
from schemas.events import Event
from storage.arrays import Integers, Texts
from storage.copying import copy_rows
from storage.event_names import name_of, take_names
from storage.event_rows import StoredEvent, event_of_row, packed
from storage.pool import Connection
from storage.statements import statement

_DAY_US = 86_400_000_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()


async def insert_events(
    connection: Connection, events: Sequence[StoredEvent]
) -> Sequence[StoredEvent]:
    """Store events, each (source, id) at most once in `events`; return those that are new."""
    if not events:
        return []
    names = [name_of(stored.event) for stored in events]
    taken = await take_names(connection, names)
    new = events if taken is names else list(compress(events, [name in taken for name in names]))
    await _open_leaves(connection, new)
    await copy_rows(connection, "copy_events", packed(new))
    return new


async def events_of_homes(connection: Connection, homes: Iterable[str]) -> dict[str, list[Event]]:
    """Return every stored event of each of these homes, in no particular order."""
    return await _histories(connection, "events_of_homes", homes, {})


async def needed_events_of_homes(
    connection: Connection, homes: Iterable[str], need: HistoryNeed
) -> dict[str, list[Event]]:
    """Return what is needed of the stored events of each of these homes, in no particular order."""
    asked = {
        "whole": Texts(need.whole),
        "timely": Texts(need.timely),
        "from_us": need.from_us,
    }
    return await _histories(connection, "needed_events_of_homes", homes, asked)


async def move_events(connection: Connection, homes: dict[str, str]) -> set[str]:
    """Move the events that name only a contact to that contact's new home; return the contacts."""
    parameters = {"contacts": Texts(homes), "homes": Texts(homes.values())}
    cursor = await connection.execute(statement("move_events"), parameters)
    return {row[0] for row in await cursor.fetchall()}


async def _histories(
    connection: Connection, name: str, homes: Iterable[str], asked: Mapping[str, object]
) -> dict[str, list[Event]]:
    histories: dict[str, list[Event]] = {home: [] for home in homes}
    if histories:
        values = {**asked, "homes": Texts(histories)}
        cursor = await connection.execute(statement(name), values)
        for row in await cursor.fetchall():
            histories[row[0]].append(event_of_row(row))
    return histories


async def _open_leaves(connection: Connection, events: Sequence[StoredEvent]) -> None:
    """Make the tables that these events go to; for nearly every batch there is nothing to make."""
    found = {(one.event.type, one.event.time_us // _DAY_US): one.event.time_us for one in events}
    # One event for each type and month: any of them names the table.
    wanted = {
        (kind, date.fromordinal(_EPOCH_DAY + day).replace(day=1)): (kind, time_us)
        for (kind, day), time_us in found.items()
    }
    types, times_us = zip(*wanted.values(), strict=True) if wanted else ((), ())
    asked = {"types": Texts(types), "times_us": Integers(times_us)}
    await connection.execute(statement("open_event_leaves"), asked)
