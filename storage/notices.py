"""Wakes those who watch readings, the moment a batch has committed."""

from collections.abc import AsyncIterator, Collection

from psycopg import AsyncConnection

from storage.pool import Connection
from storage.statements import statement

_CHANNEL = "readings"


async def notify_readings(connection: Connection, experiments: Collection[str]) -> None:
    """Announce at commit that these experiments' readings changed."""
    if experiments:
        await connection.execute(statement("notify_readings"), {"keys": sorted(experiments)})


async def changed_readings(conninfo: str) -> AsyncIterator[str]:
    """Yield the key of each experiment whose readings changed, as its batch commits.

    Yields an empty string once it listens: whoever watches then reads what it may have missed.
    Raises psycopg.OperationalError when the connection is lost; the caller connects anew.
    """
    async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(f"LISTEN {_CHANNEL}")
        yield ""
        async for notice in connection.notifies():
            yield notice.payload
