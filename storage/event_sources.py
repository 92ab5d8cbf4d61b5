"""When each source of events was last heard of, and how long it has been silent at most."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from storage.pool import Connection
from storage.statements import statement

OVERLAP = timedelta(minutes=15)
"""Partitions are read at their own pace: what arrived a little earlier may be stored later."""
FIRST_LOOK = timedelta(hours=1)
"""The first time, only sources that are heard of now become known: their past says little."""

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class EventSource:
    """A source as known: `longest_pause_us` is the longest it was silent without an alarm."""

    source: str
    known_since: datetime
    last_us: int
    longest_pause_us: int
    is_said_silent: bool


async def note_event_sources(connection: Connection, *, at: datetime) -> None:
    """Take in what was stored since the last time. Safe to repeat."""
    await connection.execute(
        statement("note_event_sources"),
        {
            "overlap_us": OVERLAP // _MICROSECOND,
            "first_from_us": (at - FIRST_LOOK - _EPOCH) // _MICROSECOND,
            "at": at,
        },
    )


async def event_sources(connection: Connection) -> list[EventSource]:
    """Return every source that is known."""
    cursor = connection.cursor(row_factory=class_row(EventSource))
    await cursor.execute(statement("event_sources"))
    return await cursor.fetchall()
