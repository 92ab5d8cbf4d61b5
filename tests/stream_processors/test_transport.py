"""The batch transport on a real broker: what is handed over, where it starts, how it ends."""

import asyncio
import logging
from pathlib import Path
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from kafka import KafkaAdminClient

from stream_processors.app import Subscription, build_app
from stream_processors.batches import Batch
from stream_processors.delivery import FencedError, HandlerFailedError
from stream_processors.positions import PositionLostError
from stream_processors.topics import topic_ids
from tests.services import KafkaBroker
from tests.stream_processors.offset_table import OffsetTable
from tests.stream_processors.reading_in_process import (
    commit_to_kafka,
    committed_in_kafka,
    run_app_until,
    run_until,
    send,
    settings_for,
)

pytestmark = pytest.mark.stack


@pytest.fixture
def table(tmp_path: Path) -> OffsetTable:
    return OffsetTable(tmp_path / "offsets.sqlite")


def numbered(count: int, first: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(first, first + count)]


def expected_records(partitions: int, count: int, first: int = 0) -> list[tuple[int, int, bytes]]:
    return [
        (partition, offset, b"%d" % offset)
        for partition in range(partitions)
        for offset in range(first, first + count)
    ]


def read(broker: KafkaBroker, topic: str, table: OffsetTable, until: int, **changes) -> None:
    kafka = settings_for(broker.address, **changes)
    asyncio.run(
        run_until(lambda: table.count() >= until, kafka, topic, table.apply, table.start_offsets)
    )


def test_every_record_is_handed_over_once_and_in_order(broker, table):
    topic = broker.create_topic(partitions=3)
    asyncio.run(send(broker.address, topic, dict.fromkeys(range(3), numbered(1000))))

    read(broker, topic, table, until=3000, max_batch_records=70)

    assert sorted(table.applied()) == expected_records(3, 1000)
    for partition in range(3):
        offsets = [offset for at, offset, _ in table.applied() if at == partition]
        assert offsets == list(range(1000))


def test_a_batch_is_bounded_in_records_and_in_bytes(broker, table):
    topic = broker.create_topic()
    asyncio.run(send(broker.address, topic, {0: [b"x" * 100] * 500}))
    batches: list[Batch] = []

    async def handle(batch: Batch) -> None:
        batches.append(batch)
        await table.apply(batch)

    kafka = settings_for(broker.address, max_batch_records=40, max_batch_bytes=1000)
    asyncio.run(run_until(lambda: table.count() >= 500, kafka, topic, handle, table.start_offsets))

    assert max(len(batch.records) for batch in batches) == 10
    assert sum(len(batch.records) for batch in batches) == 500


def test_reading_starts_at_the_injected_offsets_or_else_at_the_beginning(broker, table):
    topic = broker.create_topic(partitions=2)
    asyncio.run(send(broker.address, topic, dict.fromkeys(range(2), numbered(100))))
    table.store(TP(topic, 0), 90)

    read(broker, topic, table, until=110)

    assert sorted(table.applied()) == expected_records(1, 10, first=90) + [
        (1, offset, b"%d" % offset) for offset in range(100)
    ]


@pytest.mark.parametrize("committed", [10, 80], ids=["behind the table", "ahead of the table"])
def test_a_restart_resumes_where_the_table_says_whatever_kafka_has_committed(
    broker, table, committed
):
    topic = broker.create_topic()
    asyncio.run(send(broker.address, topic, {0: numbered(100)}))
    table.store(TP(topic, 0), 50)
    partition = TopicPartition(topic, 0)
    asyncio.run(commit_to_kafka(broker.address, topic, {partition: committed}))

    read(broker, topic, table, until=50, group=topic)

    assert table.applied() == expected_records(1, 50, first=50)
    assert asyncio.run(committed_in_kafka(broker.address, topic, partition)) == 100


def test_batches_meet_across_the_holes_that_transactions_leave(broker, table):
    topic = broker.create_topic()
    asyncio.run(_send_in_transactions(broker.address, topic, transactions=5))
    batches: list[Batch] = []

    async def handle(batch: Batch) -> None:
        batches.append(batch)
        await table.apply(batch)

    kafka = settings_for(broker.address, max_batch_records=1)
    asyncio.run(run_until(lambda: table.count() >= 10, kafka, topic, handle, table.start_offsets))

    # Each transaction of two records is followed by a marker that takes an offset of its own.
    assert [offset for _, offset, _ in table.applied()] == [0, 1, 3, 4, 6, 7, 9, 10, 12, 13]
    assert [b.first_offset for b in batches[1:]] == [b.next_offset for b in batches[:-1]]


async def _send_in_transactions(bootstrap: str, topic: str, transactions: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=topic)
    async with producer:
        for _ in range(transactions):
            async with producer.transaction():
                await producer.send(topic, b"first", partition=0)
                await producer.send(topic, b"second", partition=0)


def test_a_fenced_batch_is_dropped_and_reading_goes_on_where_the_table_says(broker, table, caplog):
    topic = broker.create_topic()
    asyncio.run(send(broker.address, topic, {0: numbered(400)}))

    async def handle(batch: Batch) -> None:
        if batch.first_offset == 100:
            table.store(TP(topic, 0), 250)  # As another worker would.
        await table.apply(batch)

    kafka = settings_for(broker.address, max_batch_records=100)
    with caplog.at_level(logging.WARNING, "stream_processors.delivery"):
        asyncio.run(
            run_until(lambda: table.count() >= 250, kafka, topic, handle, table.start_offsets)
        )

    assert table.applied() == expected_records(1, 100) + expected_records(1, 150, first=250)
    assert f"Topic {topic} partition 0: another worker has moved the position from 100" in (
        caplog.text
    )


def test_a_batch_that_is_fenced_again_and_again_is_read_again_until_it_is_taken(broker, table):
    topic = broker.create_topic()
    asyncio.run(send(broker.address, topic, {0: numbered(300)}))
    refusals = iter(range(3))

    async def handle(batch: Batch) -> None:
        if batch.first_offset == 100 and next(refusals, None) is not None:
            raise FencedError
        await table.apply(batch)

    kafka = settings_for(broker.address, max_batch_records=100)
    asyncio.run(run_until(lambda: table.count() >= 300, kafka, topic, handle, table.start_offsets))

    assert table.applied() == expected_records(1, 300)


def test_a_failing_handler_ends_the_worker_naming_the_batch_and_commits_nothing_beyond(
    broker, table
):
    topic = broker.create_topic()
    asyncio.run(send(broker.address, topic, {0: numbered(300)}))

    async def handle(batch: Batch) -> None:
        if batch.first_offset == 200:
            raise ZeroDivisionError
        await table.apply(batch)

    kafka = settings_for(broker.address, group=topic, max_batch_records=100)
    with pytest.raises(HandlerFailedError) as caught:
        asyncio.run(run_until(lambda: False, kafka, topic, handle, table.start_offsets))

    assert str(caught.value) == (
        f"Topic {topic} partition 0: the batch of offsets 200 to 299 was not processed."
    )
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert table.applied() == expected_records(1, 200)
    committed = asyncio.run(committed_in_kafka(broker.address, topic, TopicPartition(topic, 0)))
    assert committed == 200


@pytest.mark.parametrize(
    ("stored", "consequence"),
    [
        (20, "10 offsets were deleted before they were processed."),
        (120, "20 processed offsets are no longer in the log."),
    ],
    ids=["below", "above"],
)
def test_a_stored_position_outside_the_log_ends_the_worker(broker, table, stored, consequence):
    topic = broker.create_topic()
    asyncio.run(send(broker.address, topic, {0: numbered(100)}))
    asyncio.run(delete_records(broker.address, topic, before=30))
    table.store(TP(topic, 0), stored)

    with pytest.raises(PositionLostError) as caught:
        read(broker, topic, table, until=1)

    assert f"Topic {topic} partition 0: the stored position {stored}" in str(caught.value)
    assert consequence in str(caught.value)
    assert table.applied() == []


def test_a_topic_that_is_made_again_is_read_from_its_beginning(broker):
    topic = broker.create_topic()
    stored: dict[UUID, int] = {}
    seen: list[bytes | None] = []

    async def start_offsets(partitions: set[TP]) -> dict[TP, int | None]:
        return {tp: stored.get(topic_id(broker, tp.topic)) for tp in partitions}

    async def handle(batch: Batch) -> None:
        stored[topic_id(broker, batch.topic)] = batch.next_offset
        seen.extend(record.value for record in batch.records)

    for appended in (numbered(100), numbered(300, first=1000)):
        seen.clear()
        asyncio.run(send(broker.address, topic, {0: appended}))
        kafka = settings_for(broker.address, group=topic)
        expected = len(appended)
        asyncio.run(
            run_until(lambda n=expected: len(seen) >= n, kafka, topic, handle, start_offsets)
        )
        assert seen == appended
        make_again(broker, topic)

    assert sorted(stored.values()) == [100, 300]


def topic_id(broker: KafkaBroker, topic: str) -> UUID:
    return topic_ids(broker.address, [topic])[topic]


def make_again(broker: KafkaBroker, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.delete_topics([topic])
    options = {topic: {"num_partitions": 1, "replication_factor": 1}}
    admin.create_topics(options, wait_for_metadata=True)
    admin.close()


def test_records_deleted_under_a_slow_worker_end_it_instead_of_being_skipped(broker, table):
    topic = broker.create_topic()
    values = [b"%d" % number + b" " * 500 for number in range(300)]
    asyncio.run(send(broker.address, topic, {0: values}))

    async def handle(batch: Batch) -> None:
        if batch.first_offset == 0:
            await delete_records(broker.address, topic, before=290)
        await table.apply(batch)

    kafka = settings_for(broker.address, max_batch_records=10, max_fetch_bytes=6000)
    with pytest.raises(PositionLostError) as caught:
        asyncio.run(run_until(lambda: False, kafka, topic, handle, table.start_offsets))

    assert caught.value.position == table.positions()[TP(topic, 0)]
    assert caught.value.log_start == 290


async def delete_records(bootstrap: str, topic: str, before: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before)})
    await admin.close()


def test_a_table_that_fails_ends_the_worker_with_its_error(broker, table):
    topic = broker.create_topic()

    async def start_offsets(partitions: set[TP]) -> dict[TP, int | None]:
        raise ConnectionRefusedError("no database")

    with pytest.raises(ConnectionRefusedError, match="no database"):
        asyncio.run(
            run_until(
                lambda: False, settings_for(broker.address), topic, table.apply, start_offsets
            )
        )


def test_a_table_that_does_not_answer_ends_the_worker(broker, table):
    topic = broker.create_topic()

    async def start_offsets(partitions: set[TP]) -> dict[TP, int | None]:
        await asyncio.sleep(3600)
        return {}

    kafka = settings_for(broker.address, start_offsets_timeout_seconds=0.2)
    with pytest.raises(TimeoutError):
        asyncio.run(run_until(lambda: False, kafka, topic, table.apply, start_offsets))


def test_a_broker_that_is_not_there_ends_the_worker(table):
    kafka = settings_for("127.0.0.1:1")

    with pytest.raises(KafkaConnectionError):
        asyncio.run(run_until(lambda: False, kafka, "topic", table.apply, table.start_offsets))


def test_two_apps_run_side_by_side_each_with_its_own_topic(broker, tmp_path):
    tables = [OffsetTable(tmp_path / name) for name in ("one", "two")]
    topics = [broker.create_topic(), broker.create_topic()]

    async def run_both() -> None:
        for topic, value in zip(topics, (b"one", b"two"), strict=True):
            await send(broker.address, topic, {0: [value] * 10})
        await asyncio.gather(
            *(
                run_until(
                    lambda table=table: table.count() >= 10,
                    settings_for(broker.address),
                    topic,
                    table.apply,
                    table.start_offsets,
                )
                for topic, table in zip(topics, tables, strict=True)
            )
        )

    asyncio.run(run_both())

    assert [{value for _, _, value in t.applied()} for t in tables] == [{b"one"}, {b"two"}]


def test_one_app_feeds_two_agents_from_two_topics(broker, table, tmp_path):
    other = OffsetTable(tmp_path / "other.sqlite")
    first, second = broker.create_topic(), broker.create_topic()
    asyncio.run(send(broker.address, first, {0: numbered(500)}))
    asyncio.run(send(broker.address, second, {0: numbered(500)}))

    async def slowly(batch: Batch) -> None:
        await asyncio.sleep(0.02)
        await other.apply(batch)

    app = build_app(
        settings_for(broker.address, max_batch_records=50),
        [Subscription(first, table.apply), Subscription(second, slowly)],
        table.start_offsets,
    )
    asyncio.run(run_app_until(lambda: table.count() >= 500 and other.count() >= 500, app))

    assert table.applied() == other.applied() == expected_records(1, 500)


def test_an_event_that_comes_alone_is_handed_over_at_once(broker, table):
    topic = broker.create_topic(partitions=4)

    async def measure() -> list[float]:
        arrived = asyncio.Queue()
        stop = asyncio.Event()

        async def handle(batch: Batch) -> None:
            await arrived.put(asyncio.get_running_loop().time())

        running = asyncio.create_task(
            run_until(stop.is_set, settings_for(broker.address), topic, handle, table.start_offsets)
        )
        try:
            return [delay async for delay in _delays(broker.address, topic, arrived)]
        finally:
            stop.set()
            await running

    delays = asyncio.run(measure())

    # Around 5 ms on an idle machine; the bound is half of one fetch wait, for a busy one.
    assert sorted(delays)[len(delays) // 2] < 0.05


async def _delays(bootstrap: str, topic: str, arrived: asyncio.Queue):
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait(topic, b"first", partition=0)
        async with asyncio.timeout(20):
            await arrived.get()
        for number in range(20):
            sent = asyncio.get_running_loop().time()
            await producer.send(topic, b"next", partition=number % 4)
            async with asyncio.timeout(5):
                yield await arrived.get() - sent
            await asyncio.sleep(0.02)
