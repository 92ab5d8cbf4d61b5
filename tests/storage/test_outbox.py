"""Insights are recorded with what they tell of or not at all, in the order of their commits."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import AsyncConnection

from schemas.insight_sentences import alarm_of_source, experiment_started, experiment_stopped
from schemas.insights import decode_insight
from storage.outbox import (
    forget_insights,
    next_unpublished_insights,
    note_insights_published,
    record,
)

pytestmark = pytest.mark.stack
AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
STARTED = experiment_started("spring-mail", "Spring mail")
STOPPED = experiment_stopped("spring-mail", "Spring mail", "the offer changed")


def bodies(database: str) -> list[str]:
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT body FROM insights ORDER BY number").fetchall()
    return [row[0] for row in rows]


def test_a_transaction_that_is_undone_tells_nothing(database: str) -> None:
    async def fail() -> None:
        async with await AsyncConnection.connect(database) as connection:
            await record(connection, STARTED, at=AT)
            raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(fail())

    assert bodies(database) == []


def test_a_recorded_insight_is_read_back_as_it_happened(database: str) -> None:
    async def happen() -> str:
        async with await AsyncConnection.connect(database) as connection:
            return (await record(connection, STOPPED, at=AT)).id

    insight = asyncio.run(happen())

    (body,) = bodies(database)
    read = decode_insight(body.encode())
    assert (read.id, read.time, read.data) == (insight, AT, STOPPED)


def test_insights_about_one_subject_are_numbered_in_the_order_in_which_they_commit(
    database: str,
) -> None:
    async def both() -> None:
        first = await AsyncConnection.connect(database)
        second = await AsyncConnection.connect(database)
        async with first, second:
            await record(first, STARTED, at=AT)
            waiting = asyncio.create_task(record(second, STOPPED, at=AT))
            other = await AsyncConnection.connect(database)
            async with other:  # another subject does not wait
                await record(other, alarm_of_source("web", is_raised=True), at=AT)
            await asyncio.sleep(0.3)
            assert not waiting.done()
            await first.commit()
            await waiting

    asyncio.run(both())

    kinds = [decode_insight(body.encode()).type for body in bodies(database)]
    about_spring = [kind for kind in kinds if kind != "insight.alarm"]
    assert about_spring == ["insight.experiment_started", "insight.experiment_stopped"]


def test_what_is_published_is_not_published_again(database: str) -> None:
    async def publish() -> list[list[int]]:
        async with await AsyncConnection.connect(database) as connection:
            for _ in range(3):
                await record(connection, STARTED, at=AT)
            before = await next_unpublished_insights(connection, limit=2)
            await note_insights_published(connection, [row.number for row in before], at=AT)
            after = await next_unpublished_insights(connection, limit=2)
        return [[row.number for row in rows] for rows in (before, after)]

    before, after = asyncio.run(publish())

    assert before == sorted(before)
    assert len(before) == 2
    assert len(after) == 1
    assert after[0] > before[1]


def test_old_insights_are_forgotten_unless_they_are_not_published_yet(database: str) -> None:
    async def forget() -> int:
        async with await AsyncConnection.connect(database) as connection:
            for at in (AT, AT, AT + timedelta(days=2)):
                await record(connection, STARTED, at=at)
            old, *_ = await next_unpublished_insights(connection, limit=1)
            await note_insights_published(connection, [old.number], at=AT)
            return await forget_insights(connection, before=AT + timedelta(days=1))

    assert asyncio.run(forget()) == 1
    assert len(bodies(database)) == 2
