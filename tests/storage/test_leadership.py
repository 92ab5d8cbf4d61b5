"""One process leads; where it ends or loses its connection, another does."""

import asyncio

import psycopg
import pytest

from storage import leadership as led
from storage.leadership import leadership

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(led, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(led, "CHECK_SECONDS", 0.05)


def test_a_second_process_leads_only_after_the_first_has_ended(database: str) -> None:
    async def two() -> None:
        led_by_second = asyncio.Event()

        async def second() -> None:
            async with leadership(database, "a task"):
                led_by_second.set()

        async with leadership(database, "a task"):
            waiting = asyncio.create_task(second())
            await asyncio.sleep(0.5)
            assert not led_by_second.is_set()
        await asyncio.wait_for(waiting, 5)
        assert led_by_second.is_set()

    asyncio.run(two())


def test_different_tasks_have_different_leaders(database: str) -> None:
    async def both() -> None:
        async with leadership(database, "a task"), leadership(database, "another"):
            pass

    asyncio.run(asyncio.wait_for(both(), 10))


def test_who_loses_the_connection_is_told_and_another_leads(database: str) -> None:
    async def lose() -> None:
        async with leadership(database, "a task") as lead:
            lost = asyncio.create_task(lead.until_lost())
            await asyncio.sleep(0.1)
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'insights' AND datname = current_database()"
                )
            async with leadership(database, "a task"):
                with pytest.raises(psycopg.OperationalError):
                    await asyncio.wait_for(lost, 5)

    asyncio.run(lose())
