"""Opens the pool of connections that agents and API share, set up as the statements expect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection, errors
from psycopg_pool import AsyncConnectionPool, PoolTimeout

Connection = AsyncConnection
Pool = AsyncConnectionPool[AsyncConnection]

RETRYABLE = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.LockNotAvailable,
)
"""The transaction changed nothing and may be run again as it is."""

UNREACHABLE = (errors.OperationalError, PoolTimeout)
"""The database cannot be reached, or cannot be written to, at the moment."""


# A worker that froze inside a transaction, or whose machine is gone, holds its partition; and every
# partition, where it was alone in the gate. Its session is ended after half a minute.
_NO_LONGER_THERE = (
    "-c idle_in_transaction_session_timeout=30s "
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
)


@asynccontextmanager
async def open_pool(
    conninfo: str, *, name: str, size: int = 4, durable: bool = True
) -> AsyncIterator[Pool]:
    """Open a pool and close it at the end. Waits for the first connection.

    `durable=False` sets synchronous_commit off: right for the stream alone, whose offsets are in
    the same transactions, so that what a crash forgets is delivered again.
    """
    settings = f"-c application_name={name} -c timezone=UTC"
    if not durable:
        settings += f" -c synchronous_commit=off {_NO_LONGER_THERE}"
    pool: Pool = AsyncConnectionPool(
        conninfo,
        min_size=1,
        max_size=size,
        open=False,
        name=name,
        kwargs={"options": settings},
    )
    async with pool:
        await pool.wait(timeout=30)
        yield pool
