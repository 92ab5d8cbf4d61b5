"""The log as stored: new events in, whole histories out."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from schemas.events import Event
from storage.arrays import Integers, JsonTexts, Texts
from storage.pool import Connection
from storage.statements import statement

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder().decode


class StoredEvent(NamedTuple):
    """An event with the home it counts for and when the log took it (microseconds, UTC)."""

    event: Event
    home: str
    received_us: int


async def insert_events(
    connection: Connection, events: Sequence[StoredEvent]
) -> set[tuple[str, str]]:
    """Store events, each (source, id) at most once in `events`; return those that are new."""
    if not events:
        return set()
    # One order for all workers, so that two that meet on re-sent events wait and do not deadlock.
    ordered = sorted(events, key=lambda stored: (stored.event.source, stored.event.id))
    cursor = await connection.execute(statement("insert_events"), _columns(ordered))
    return {(source, event_id) for source, event_id in await cursor.fetchall()}


async def stored_among(
    connection: Connection, names: Sequence[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Return those of these (source, id) that are stored."""
    if not names:
        return set()
    sources, ids = zip(*names, strict=True)
    asked = {"sources": Texts(sources), "ids": Texts(ids)}
    cursor = await connection.execute(statement("stored_among"), asked)
    return {(source, event_id) for source, event_id in await cursor.fetchall()}


async def events_of_homes(connection: Connection, homes: Iterable[str]) -> dict[str, list[Event]]:
    """Return every stored event of each of these homes, in no particular order."""
    histories: dict[str, list[Event]] = {home: [] for home in homes}
    if not histories:
        return histories
    cursor = await connection.execute(statement("events_of_homes"), {"homes": Texts(histories)})
    for row in await cursor.fetchall():
        histories[row[0]].append(event_of_row(row))
    return histories


async def move_events(connection: Connection, homes: dict[str, str]) -> set[str]:
    """Move the events that name only a contact to that contact's new home; return the contacts."""
    parameters = {"contacts": Texts(homes), "homes": Texts(homes.values())}
    cursor = await connection.execute(statement("move_events"), parameters)
    return {row[0] for row in await cursor.fetchall()}


def _columns(stored: Sequence[StoredEvent]) -> dict[str, object]:
    events = [one.event for one in stored]
    texts = ("source", "id", "type", "account", "contact", "campaign", "content", "channel", "deal",
             "currency")  # fmt: skip
    return {
        **{name: Texts([getattr(event, name) for event in events]) for name in texts},
        **{n: Integers([getattr(event, n) for event in events]) for n in ("time_us", "amount")},
        "data": JsonTexts([_ENCODE(event.data) for event in events]),
        "home": Texts([one.home for one in stored]),
        "received_us": Integers([one.received_us for one in stored]),
    }


def event_of_row(row: tuple[Any, ...]) -> Event:
    """Return the event in a row of the statements that read histories."""
    (_home, source, event_id, kind, time_us, account, contact, campaign, content, channel, deal,
     amount, currency, data) = row  # fmt: skip
    return Event(
        source=source,
        id=event_id,
        type=kind,
        time_us=time_us,
        account=account,
        contact=contact,
        campaign=campaign,
        content=content,
        channel=channel,
        deal=deal,
        amount=amount,
        currency=currency,
        data=_DECODE(data),
    )
