"""A database is called usable where it answers, takes writes and has the newest schema."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from storage.readiness import database_trouble
from tests.storage.test_batches import on


def trouble(conninfo: str) -> str | None:
    return asyncio.run(database_trouble(lambda: connected(conninfo), conninfo))


@asynccontextmanager
async def connected(conninfo: str) -> AsyncIterator[AsyncConnection]:
    async with await AsyncConnection.connect(conninfo) as connection:
        yield connection


def test_a_database_as_it_should_be_has_no_trouble(database: str) -> None:
    assert trouble(database) is None


def test_a_database_that_is_read_alone_is_told(database: str) -> None:
    read_alone = make_conninfo(database, options="-c default_transaction_read_only=on")

    assert trouble(read_alone) == (
        "PostgreSQL takes no writes: it is a replica, or was set to be read alone"
    )


def test_a_database_of_an_older_release_is_told(database: str) -> None:
    async def forget(connection: AsyncConnection) -> None:
        await connection.execute("DELETE FROM schema_migrations WHERE number = 1")

    on(database, forget)

    assert trouble(database) == "1 migrations are missing; `roundtable migrate` applies them"


def test_a_database_that_does_not_answer_is_told() -> None:
    assert trouble("host=127.0.0.1 port=1") == "PostgreSQL does not answer"
