"""The names of all events that were ever taken: what keeps one that is sent again from counting.

A name is the first half of SHA-256 of source, a zero byte and id. That two events share one by
chance is less likely than that the machine miscounts; and as names outlive their events, an event
that retention deleted stays a duplicate.
"""

from collections.abc import Collection, Sequence
from hashlib import sha256

from psycopg import errors

from schemas.events import Event
from storage.arrays import Uuids
from storage.copying import copy_rows
from storage.pool import Connection
from storage.statements import statement

_ONE_FIELD = b"\x00\x01\x00\x00\x00\x10"


def name_of(event: Event) -> bytes:
    """Return the 16 bytes that stand for the event's source and id."""
    return sha256(f"{event.source}\0{event.id}".encode()).digest()[:16]


async def take_names(connection: Connection, names: Sequence[bytes]) -> Collection[bytes]:
    """Take these names, each at most once in `names`; return those that were not taken before.

    Sorted by the caller's pleasure or not: they are taken in one order by all workers, so that two
    that meet on events sent again wait for each other and do not deadlock.
    """
    ordered = sorted(names)
    try:
        async with connection.transaction():
            await copy_rows(connection, "copy_event_names", [_ONE_FIELD + name for name in ordered])
    except errors.UniqueViolation:
        # Only now is it worth asking one by one: among new events nothing is sent again.
        return await _new_among(connection, ordered)
    return names


async def names_taken(connection: Connection, names: Sequence[bytes]) -> set[bytes]:
    """Return those of these names that are taken."""
    if not names:
        return set()
    cursor = await connection.execute(statement("names_taken"), {"names": Uuids(names)})
    return {row[0].bytes for row in await cursor.fetchall()}


async def _new_among(connection: Connection, names: Sequence[bytes]) -> set[bytes]:
    cursor = await connection.execute(statement("take_event_names"), {"names": Uuids(names)})
    return {row[0].bytes for row in await cursor.fetchall()}
