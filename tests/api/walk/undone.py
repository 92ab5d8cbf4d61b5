"""Lets routes do all that they do, and leaves no trace of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

from api.database import CONNECTION_SECONDS, Database
from storage.pool import Connection
from tests.api.walk.whole_house import WholeHouse


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


@contextmanager
def undone(whole: WholeHouse) -> Iterator[None]:
    """Let whatever is asked within leave no trace."""
    state = whole.house.app.state
    database = state.services.database
    state.services = replace(state.services, database=Undone(database))
    try:
        yield
    finally:
        state.services = replace(state.services, database=database)
