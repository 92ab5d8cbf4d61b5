"""What people do with an experiment is told to others in the same transaction."""

from __future__ import annotations

from storage.lifecycle import stop_experiment
from storage.pool import Connection
from tests.storage.stream import NOW, register
from tests.storage.test_batches import LEADS, TEST, on


def test_stopping_is_told_with_its_reason(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)

        async with connection.transaction():
            await stop_experiment(
                connection, "subject-line", at=NOW, reason="Wrong list.", reporting_currency="EUR"
            )

        cursor = await connection.execute("SELECT kind, body::json -> 'data' FROM insights")
        ((kind, told),) = await cursor.fetchall()
        assert kind == "insight.experiment_stopped"
        assert (told["experiment"], told["reason"]) == ("subject-line", "Wrong list.")

    on(database, body)
