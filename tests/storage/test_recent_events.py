"""The log is read within limits, and says where it was not read to the end."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta

import psycopg
import pytest
from psycopg import AsyncConnection

from schemas.resources import EventFilter
from storage.recent_events import (
    LogBusyError,
    TookTooLongError,
    limit_reading,
    recent_events,
)
from tests.api.past_events import NOW, past_event, store

pytestmark = pytest.mark.stack

SINCE = NOW - timedelta(days=30)
LEADS = EventFilter(types=("lead.*", "engagement.page.viewed"))


def test_events_of_the_period_and_the_types_come_in_the_order_of_time(database: str) -> None:
    store(
        database,
        [past_event(f"a-{n}", "lead.created", days_ago=n) for n in (5, 3, 1, 40)]
        + [past_event("a-2", "engagement.page.viewed", days_ago=2)]
        + [past_event("a-9", name) for name in ("leadership.changed", "engagement.page.viewedx")],
    )

    async def body() -> None:
        async with await AsyncConnection.connect(database) as connection:
            asked = {"since": SINCE, "until": NOW}
            found = await recent_events(connection, [LEADS], **asked)

            assert [home for home, _ in found.events] == ["a-5", "a-3", "a-2", "a-1"]
            assert found.one_in == 1

    asyncio.run(body())


def test_of_too_many_events_all_those_of_some_accounts_are_read(database: str) -> None:
    accounts = [f"a-{n}" for n in range(200)]
    store(database, [past_event(home, "lead.created") for home in accounts for _ in range(5)])

    async def body() -> None:
        async with await AsyncConnection.connect(database) as connection:
            found = await recent_events(connection, [LEADS], since=SINCE, until=NOW, most=250)

            by_home = Counter(home for home, _ in found.events)
            assert found.one_in == 4
            assert set(by_home.values()) == {5}
            # A quarter of 200 accounts, give or take four standard deviations.
            assert 25 < len(by_home) < 75

    asyncio.run(body())


def test_an_account_that_does_more_than_can_be_held_is_not_read_in_part(database: str) -> None:
    store(database, [past_event("a", "lead.created") for _ in range(30)])

    async def body() -> None:
        async with await AsyncConnection.connect(database) as connection:
            for most in (10, 11, 12, 13, 14):
                asked = {"since": SINCE, "until": NOW, "most": most}
                try:
                    found = await recent_events(connection, [LEADS], **asked)
                except TookTooLongError:
                    continue
                assert len(found.events) in {0, 30}

    asyncio.run(body())


def test_a_question_that_takes_too_long_is_given_up(database: str) -> None:
    # 100,000 rows take longer than a millisecond on any machine.
    at = int(NOW.timestamp() * 1_000_000) - 1
    with psycopg.connect(database) as connection:
        connection.execute("SELECT open_event_leaf('lead.created', %s)", (at,))
        connection.execute(
            "INSERT INTO events (source, id, type, time_us, home, data, received_us) "
            "SELECT 'past', n::text, 'lead.created', %(at)s, 'a', '{}', %(at)s "
            "FROM generate_series(1, 100000) AS n",
            {"at": at},
        )

    async def body() -> None:
        async with await AsyncConnection.connect(database) as connection:
            await limit_reading(connection, seconds=0.001)
            with pytest.raises(TookTooLongError):
                await recent_events(connection, [LEADS], since=SINCE, until=NOW)
            await connection.rollback()

    asyncio.run(body())


def test_no_more_than_two_look_through_the_log_at_once(database: str) -> None:
    async def body() -> None:
        async with AsyncExitStack() as stack:
            one, two, three = [
                await stack.enter_async_context(await AsyncConnection.connect(database))
                for _ in range(3)
            ]
            await limit_reading(one)
            await limit_reading(two)
            with pytest.raises(LogBusyError):
                await limit_reading(three)
            await three.rollback()
            await one.rollback()

            await limit_reading(three)

    asyncio.run(body())


def test_a_limited_transaction_writes_nothing(database: str) -> None:
    async def body() -> None:
        async with await AsyncConnection.connect(database) as connection:
            await limit_reading(connection)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                await connection.execute("DELETE FROM events")
            await connection.rollback()

    asyncio.run(body())
