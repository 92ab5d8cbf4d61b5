"""Where a worker starts each partition, on a real broker and a real database."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from faust.types import TP

from storage.offsets import advance_offset
from storage.pool import Pool, open_pool
from stream_processors.offsets import OffsetTable, TopicMadeAgainError
from tests.services import KafkaBroker
from tests.stream_processors.test_transport import make_again

pytestmark = pytest.mark.stack


def with_pool(database: str, body: Callable[[Pool], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_pool(database, name="offsets", durable=False) as pool:
            await body(pool)

    asyncio.run(run())


def test_a_partition_that_was_never_read_is_opened_where_its_log_begins(
    kafka_broker: KafkaBroker, database: str
) -> None:
    topic = kafka_broker.create_topic(partitions=2)
    begin, behind = TP(topic, 0), TP(topic, 1)

    async def body(pool: Pool) -> None:
        table = OffsetTable(pool, kafka_broker.address, (topic,))

        first = await table.start_offsets({begin: 0, behind: 7})
        async with pool.connection() as connection:
            place = (table.topic_id(topic), topic, 1)
            await advance_offset(connection, *place, expected=7, next_offset=9)
        second = await table.start_offsets({begin: 5, behind: 8})

        assert first == {begin: 0, behind: 7}
        assert second == {begin: 0, behind: 9}

    with_pool(database, body)


def test_a_topic_that_is_made_again_ends_the_worker_that_read_it(
    kafka_broker: KafkaBroker, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_processors.offsets.WATCH_SECONDS", 0)
    topic = kafka_broker.create_topic()

    async def body(pool: Pool) -> None:
        table = OffsetTable(pool, kafka_broker.address, (topic,))
        await table.start_offsets({TP(topic, 0): 0})
        make_again(kafka_broker, topic)

        with pytest.raises(TopicMadeAgainError, match=f"Topic {topic} was deleted and made again"):
            await table.start_offsets({TP(topic, 0): 0})
        with pytest.raises(TopicMadeAgainError):
            await table.watch()

        anew = OffsetTable(pool, kafka_broker.address, (topic,))
        assert await anew.start_offsets({TP(topic, 0): 0}) == {TP(topic, 0): 0}

    with_pool(database, body)
