"""The newest part of the log, read within limits: a question must never hold up the stream."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import errors

from schemas.events import Event
from schemas.resources import EventFilter
from storage.events import event_of_row
from storage.pool import Connection
from storage.statements import statement

MOST_EVENTS = 100_000
MOST_SECONDS = 5.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class TookTooLongError(Exception):
    """Looking through the log took longer than it may."""


@dataclass(frozen=True, slots=True)
class RecentEvents:
    """Events with their homes, in the order of their time, up to `until`.

    `is_complete` is false where there were more than are read; then `until` is the last one's time.
    """

    events: Sequence[tuple[str, Event]]
    since: datetime
    until: datetime
    is_complete: bool


async def recent_events(
    connection: Connection,
    heard: Iterable[EventFilter],
    *,
    since: datetime,
    until: datetime,
    most: int = MOST_EVENTS,
) -> RecentEvents:
    """Return what happened in a period, of the types that filters name. Raises TookTooLongError.

    The caller has limited the transaction by `limit_reading`.
    """
    types = [name for one in heard for name in one.types]
    values = {
        "types": [name for name in types if not name.endswith(".*")],
        "prefixes": [name[:-1] for name in types if name.endswith(".*")],
        "since_us": (since - _EPOCH) // _MICROSECOND,
        "until_us": (until - _EPOCH) // _MICROSECOND,
        "limit": most + 1,
    }
    try:
        rows = await (await connection.execute(statement("recent_events"), values)).fetchall()
    except errors.QueryCanceled:
        raise TookTooLongError from None
    found = [(row[0], event_of_row(row)) for row in rows[:most]]
    if len(rows) <= most:
        return RecentEvents(found, since, until, is_complete=True)
    last = _EPOCH + found[-1][1].time_us * _MICROSECOND
    return RecentEvents(found, since, last, is_complete=False)


async def limit_reading(connection: Connection, *, seconds: float = MOST_SECONDS) -> None:
    """Let every further statement of the transaction only read, and only for so long."""
    await connection.execute(statement("limit_reading"), {"milliseconds": int(1_000 * seconds)})
