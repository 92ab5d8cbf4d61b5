"""Whether the database can do what is asked of it: it answers, takes writes, has the newest schema.

What is said names no address and no user: everybody may ask.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from storage import migrate
from storage.pool import UNREACHABLE, Connection
from storage.statements import statement

ANSWER_SECONDS = 3.0


async def database_trouble(
    connect: Callable[[], AbstractAsyncContextManager[Connection]], conninfo: str
) -> str | None:
    """Say what keeps the database from being used, None where nothing does."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS), connect() as connection:
            cursor = await connection.execute(statement("takes_no_writes"))
            row = await cursor.fetchone()
        missing = await asyncio.to_thread(migrate.pending, conninfo)
    except (TimeoutError, *UNREACHABLE):
        return "PostgreSQL does not answer"
    if row is None or row[0]:
        return "PostgreSQL takes no writes: it is a replica, or was set to be read alone"
    if missing:
        return f"{len(missing)} migrations are missing; `roundtable migrate` applies them"
    return None
