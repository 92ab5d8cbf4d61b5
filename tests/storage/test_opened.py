"""The second wall: a transaction opened to one experiment reads no other, whatever it asks."""

from __future__ import annotations

import psycopg
import pytest

from storage.opened import open_experiment
from storage.pool import Connection
from tests.storage.stream import Log, build_all, register
from tests.storage.test_batches import BY_CONTACT, LEADS, TEST, exposure, lead, on

TABLES = ("moments", "cohorts", "definitions", "experiments", "definition_homes")


async def filled(connection: Connection) -> None:
    await register(connection, [LEADS], TEST)
    await register(connection, [LEADS], BY_CONTACT)
    await build_all(connection)
    await Log().deliver(
        connection,
        [
            exposure(1, "b", account="acme", contact="ann"),
            exposure(2, "b", experiment="by-contact", account="acme", contact="ann"),
            lead(1, account="acme", contact="ann"),
        ],
    )


async def rows(connection: Connection, table: str) -> int:
    row = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchone()
    assert row is not None
    return int(row[0])


def test_one_experiment_is_open_and_the_other_is_not_there(database: str) -> None:
    async def body(connection: Connection) -> None:
        await filled(connection)
        everything = {table: await rows(connection, table) for table in TABLES}

        async with connection.transaction():
            await open_experiment(connection, "subject-line")
            opened = {table: await rows(connection, table) for table in TABLES}

        assert all(count > 0 for count in opened.values())
        assert {table: 2 * count for table, count in opened.items()} == everything

    on(database, body)


@pytest.mark.parametrize("table", [*TABLES, "account_states", "events"])
def test_where_no_experiment_was_opened_there_is_nothing(database: str, table: str) -> None:
    async def body(connection: Connection) -> None:
        await filled(connection)

        async with connection.transaction():
            await open_experiment(connection, "no-such")
            assert await rows(connection, table) == 0

    on(database, body)


def test_a_narrowed_transaction_writes_nothing(database: str) -> None:
    async def body(connection: Connection) -> None:
        await filled(connection)

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await _delete_once_opened(connection)

    on(database, body)


async def _delete_once_opened(connection: Connection) -> None:
    async with connection.transaction():
        await open_experiment(connection, "subject-line")
        await connection.execute("DELETE FROM moments")


def test_the_next_transaction_is_whole_again(database: str) -> None:
    async def body(connection: Connection) -> None:
        await filled(connection)
        async with connection.transaction():
            await open_experiment(connection, "subject-line")

        assert await rows(connection, "experiments") == 2

    on(database, body)
