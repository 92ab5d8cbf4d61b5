"""Applies batches to PostgreSQL, one in a transaction that is open while another comes."""

import asyncio
from collections.abc import Awaitable, Callable

from psycopg import AsyncConnection

from storage.batches import AloneInGateRequired, Applied, DecodedBatch, apply_batch
from storage.definitions import NOTHING_LOADED
from storage.offsets import open_partition
from storage.pool import Connection


async def apply_anew(connection: Connection, batch: DecodedBatch) -> Applied:
    """Apply a batch in a transaction of its own, alone in the gate where it asks for that."""
    async with connection.transaction():  # As the worker does before it reads a partition.
        await open_partition(connection, batch.topic_id, batch.topic, batch.partition, 0)
    try:
        async with connection.transaction():
            return await apply_batch(connection, batch, NOTHING_LOADED, alone=False)
    except AloneInGateRequired:
        async with connection.transaction():
            return await apply_batch(connection, batch, NOTHING_LOADED, alone=True)


async def apply_while_open(
    connections: tuple[Connection, Connection], first: DecodedBatch, second: DecodedBatch
) -> tuple[Applied, asyncio.Task[Applied]]:
    """Begin the second batch when the first has done everything but commit; then commit that.

    The first must not ask to be alone. Returns what the first came to, and the second, ended.
    """
    one, other = connections
    async with one.transaction():
        applied = await apply_batch(one, first, NOTHING_LOADED, alone=False)
        beside = asyncio.create_task(apply_anew(other, second))
        await _waits_or_ends(one, other, beside)
    await asyncio.wait([beside])
    return applied, beside


async def _waits_or_ends(
    asking: Connection, other: Connection, task: asyncio.Task[Applied]
) -> None:
    async with asyncio.timeout(10):
        while not task.done():
            cursor = await asking.execute(
                "SELECT cardinality(pg_blocking_pids(%s)) > 0", [other.info.backend_pid]
            )
            if await cursor.fetchone() == (True,):
                return
            await asyncio.sleep(0.002)


def on_two(database: str, body: Callable[[Connection, Connection], Awaitable[None]]) -> None:
    """Run the body with two connections."""

    async def run() -> None:
        async with (
            await AsyncConnection.connect(database, autocommit=True) as one,
            await AsyncConnection.connect(database, autocommit=True) as other,
        ):
            await body(one, other)

    asyncio.run(run())
