"""Lets routes do all that they do, and leaves no trace of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.database import CONNECTION_SECONDS, Database
from storage.pool import Connection


class Undone(Database):
    """The same database, but each transaction ends as if it had failed."""

    def __init__(self, database: Database) -> None:
        """Take the database that is asked."""
        super().__init__(database.conninfo, connections=0)
        self._database = database

    @asynccontextmanager
    async def connection(self, *, within: float = CONNECTION_SECONDS) -> AsyncIterator[Connection]:
        """Give a connection; what is done with it is judged as at a commit, then rolled back."""
        async with self._database.connection(within=within) as connection:
            yield connection
            await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            await connection.rollback()
