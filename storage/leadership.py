"""Lets one process at a time do what must not be done twice at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection

RETRY_SECONDS = 2.0
CHECK_SECONDS = 5.0
# A machine that vanished without a word would keep the lock for hours otherwise.
_NOTICE_DEATH = (
    "-c application_name=insights -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 "
    "-c tcp_keepalives_count=3"
)


class Leadership:
    """The lock while it is held: it ends with its connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Take the connection that holds the lock."""
        self._connection = connection

    async def until_lost(self) -> None:
        """Return never. Raises psycopg.OperationalError once the lock may be another's."""
        while True:
            await self._connection.execute("SELECT 1")
            await asyncio.sleep(CHECK_SECONDS)


@asynccontextmanager
async def leadership(conninfo: str, task: str) -> AsyncIterator[Leadership]:
    """Wait until no other process leads this task, and lead it for the length of a block."""
    connect = AsyncConnection.connect(conninfo, autocommit=True, options=_NOTICE_DEATH)
    async with await connect as connection:
        await _take(connection, task)
        yield Leadership(connection)


async def _take(connection: AsyncConnection, task: str) -> None:
    # Tried again and again, not waited for: a statement that waits keeps VACUUM from its work.
    while True:
        if await _is_taken(connection, task):
            return
        await asyncio.sleep(RETRY_SECONDS)


async def _is_taken(connection: AsyncConnection, task: str) -> bool:
    cursor = await connection.execute(
        "SELECT pg_try_advisory_lock(hashtextextended(%s, 9))", (task,)
    )
    row = await cursor.fetchone()
    return row is not None and row[0] is True
