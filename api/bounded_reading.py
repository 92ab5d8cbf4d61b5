"""A connection to look through the log with: for a limited time, on one core, two at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api import problems
from api.database import Database
from api.problems import ProblemError, retry_after
from storage.pool import Connection
from storage.recent_events import LogBusyError, limit_reading


@asynccontextmanager
async def bounded_reading(database: Database) -> AsyncIterator[Connection]:
    """Give a transaction that only reads. Raises ProblemError (503) where two others do so."""
    async with database.connection() as connection:
        try:
            await limit_reading(connection)
        except LogBusyError:
            raise ProblemError(
                problems.NOT_READY,
                "Others look through the log at the moment; try again in a few seconds.",
                headers=retry_after(3),
            ) from None
        yield connection
