"""The newest part of the log, read within limits: a question must never hold up the stream."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import errors

from schemas.events import Event
from schemas.resources import EventFilter
from storage.event_rows import event_of_row
from storage.pool import Connection
from storage.statements import statement

MOST_EVENTS = 100_000
MOST_SECONDS = 5.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class TookTooLongError(Exception):
    """Looking through the log took longer than it may."""


class LogBusyError(Exception):
    """As many others look through the log as may at the same time."""


@dataclass(frozen=True, slots=True)
class RecentEvents:
    """Events with their homes, in the order of their time.

    Where there were too many, they are all those of one account in `one_in`.
    """

    events: Sequence[tuple[str, Event]]
    since: datetime
    until: datetime
    one_in: int


async def limit_reading(connection: Connection, *, seconds: float = MOST_SECONDS) -> None:
    """Let every further statement of the transaction only read, and only for so long.

    Raises LogBusyError where two transactions do so already.
    """
    cursor = await connection.execute(
        statement("limit_reading"), {"milliseconds": int(1_000 * seconds)}
    )
    row = await cursor.fetchone()
    if row is None or not row[-1]:
        raise LogBusyError


async def recent_events(
    connection: Connection,
    heard: Iterable[EventFilter],
    *,
    since: datetime,
    until: datetime,
    most: int = MOST_EVENTS,
) -> RecentEvents:
    """Return what happened in a period, of the types that filters name; about `most` events.

    The caller has limited the transaction by `limit_reading`. Raises TookTooLongError.
    """
    values = _values(heard, since, until)
    try:
        one_in = 1 + await _count(connection, values) // (most + 1)
        # Accounts differ in how much they do; twice as much is still no more than can be held.
        values |= {"one_in": one_in, "limit": 2 * most + 1}
        rows = await (await connection.execute(statement("recent_events"), values)).fetchall()
    except errors.QueryCanceled:
        raise TookTooLongError from None
    if len(rows) > 2 * most:
        raise TookTooLongError
    return RecentEvents([(row[0], event_of_row(row)) for row in rows], since, until, one_in)


async def _count(connection: Connection, values: dict[str, Any]) -> int:
    cursor = await connection.execute(statement("count_recent_events"), values)
    row = await cursor.fetchone()
    assert row is not None, "a count gives one row"
    return int(row[0])


def _values(heard: Iterable[EventFilter], since: datetime, until: datetime) -> dict[str, Any]:
    types = {name for one in heard for name in one.types}
    return {
        "types": [name for name in types if not name.endswith(".*")],
        "prefixes": [name[:-1] for name in types if name.endswith(".*")],
        "since_us": (since - _EPOCH) // _MICROSECOND,
        "until_us": (until - _EPOCH) // _MICROSECOND,
    }
