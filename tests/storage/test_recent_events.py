"""The log is read within limits, and says where it was not read to the end."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from psycopg import AsyncConnection

from schemas.resources import EventFilter
from storage.recent_events import TookTooLongError, limit_reading, recent_events
from tests.api.past_events import NOW, past_event, store

pytestmark = pytest.mark.stack

SINCE = NOW - timedelta(days=30)
LEADS = EventFilter(types=("lead.*", "engagement.page.viewed"))


def test_events_come_in_the_order_of_time_and_no_further_than_asked(database: str) -> None:
    store(
        database,
        [past_event(f"a-{n}", "lead.created", days_ago=n) for n in (5, 3, 1, 40)]
        + [past_event("a-2", "engagement.page.viewed", days_ago=2)]
        + [past_event("a-9", name) for name in ("leadership.changed", "engagement.page.viewedx")],
    )

    async def body() -> None:
        async with await AsyncConnection.connect(database) as connection:
            asked = {"since": SINCE, "until": NOW}
            whole = await recent_events(connection, [LEADS], **asked)
            part = await recent_events(connection, [LEADS], **asked, most=2)

            assert [home for home, _ in whole.events] == ["a-5", "a-3", "a-2", "a-1"]
            assert (whole.is_complete, whole.until) == (True, NOW)
            assert [home for home, _ in part.events] == ["a-5", "a-3"]
            assert (part.is_complete, part.until) == (False, NOW - timedelta(days=3))

    asyncio.run(body())


def test_a_question_that_takes_too_long_is_given_up(database: str) -> None:
    # 100,000 rows take longer than a millisecond on any machine.
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO events (source, id, type, time_us, home, data, received_us) "
            "SELECT 'past', n::text, 'lead.created', %(at)s, 'a', '{}', %(at)s "
            "FROM generate_series(1, 100000) AS n",
            {"at": int(NOW.timestamp() * 1_000_000) - 1},
        )

    async def body() -> None:
        async with await AsyncConnection.connect(database) as connection:
            await limit_reading(connection, seconds=0.001)
            with pytest.raises(TookTooLongError):
                await recent_events(connection, [LEADS], since=SINCE, until=NOW)
            await connection.rollback()

    asyncio.run(body())


def test_a_limited_transaction_writes_nothing(database: str) -> None:
    async def body() -> None:
        async with await AsyncConnection.connect(database) as connection:
            await limit_reading(connection)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                await connection.execute("DELETE FROM events")
            await connection.rollback()

    asyncio.run(body())
