"""Keeps a pool of connections open, however often PostgreSQL goes away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from storage.pool import UNREACHABLE, Connection, Pool, open_pool
from storage.readiness import database_trouble

CONNECTION_SECONDS = 5.0
RECONNECT_SECONDS = 1.0

_LOG = logging.getLogger(__name__)


class DatabaseUnreachableError(Exception):
    """There was no connection to PostgreSQL since the API started."""


class Database:
    """The pool while there is one. Each block of `connection` is one transaction."""

    def __init__(self, conninfo: str, *, connections: int) -> None:
        """Take where the database is, and how many connections may be open."""
        self.conninfo = conninfo
        self._connections = connections
        self._pool: Pool | None = None

    async def run(self) -> None:
        """Keep the pool open until cancelled."""
        while True:
            try:
                async with open_pool(self.conninfo, name="api", size=self._connections) as pool:
                    self._pool = pool
                    # The pool replaces connections that break; it is left only at the end.
                    await asyncio.get_running_loop().create_future()
            except UNREACHABLE as error:
                _LOG.warning("PostgreSQL cannot be reached: %r", error)
            finally:
                self._pool = None
            await asyncio.sleep(RECONNECT_SECONDS)

    @asynccontextmanager
    async def connection(self, *, within: float = CONNECTION_SECONDS) -> AsyncIterator[Connection]:
        """Give a connection for one transaction: committed at the end, rolled back on an error."""
        pool = self._pool
        if pool is None:
            raise DatabaseUnreachableError
        async with pool.connection(within) as connection:
            yield connection

    def pool_stats(self) -> Mapping[str, int] | None:
        """Return the pool's own counters, None while there is no pool."""
        return None if self._pool is None else self._pool.get_stats()

    async def trouble(self) -> str | None:
        """Say what keeps the database from being used, None where nothing does."""
        try:
            return await database_trouble(lambda: self.connection(within=2), self.conninfo)
        except DatabaseUnreachableError:
            return "PostgreSQL does not answer"
