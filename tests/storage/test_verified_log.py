"""Up to the stored offset every record of the log is stored or refused; what is not, is named."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from schemas.codec import encode
from schemas.events import Event
from storage.definitions import NOTHING_LOADED
from storage.erasure import erase_contact
from storage.kafka_access import PLAINTEXT
from storage.log_records import LogReader, open_log
from storage.offsets import open_partition
from storage.pool import Connection
from storage.verification import Topic, Verification, verify
from stream_processors.batches import Batch, Record
from stream_processors.decoding import decode_batch
from stream_processors.topics import topic_ids
from tests.services import KafkaBroker
from tests.storage.stream import NOW, apply, build_all, register
from tests.storage.test_batches import LEADS, TEST, exposure, lead, on

pytestmark = pytest.mark.stack

EVENTS: list[Event] = [
    exposure(1, "a", account="acme", contact="ann"),
    lead(1, account="acme"),
    lead(1, hours=2, account="acme"),
    exposure(2, "b", account="bolt"),
    lead(2, account="bolt"),
]
RECORDS = [*(encode(event) for event in EVENTS), b"no event", encode(lead(3, account="bolt"))]
"""Offsets 0 to 6: 2 is sent again, and says otherwise; 5 is refused; 6 is not read yet."""
STORED_UP_TO = 6


@dataclass(frozen=True)
class Written:
    """A topic of one partition that holds the records."""

    address: str
    name: str
    id: UUID


@pytest.fixture(scope="module")
def written(kafka_broker: KafkaBroker) -> Written:
    return write(kafka_broker)


def write(broker: KafkaBroker) -> Written:
    name = broker.create_topic("events")
    now_ms = time.time_ns() // 1_000_000
    producer = KafkaProducer(bootstrap_servers=broker.address, acks="all")
    for record in RECORDS:
        producer.send(name, record, partition=0, timestamp_ms=now_ms)
    producer.close()
    return Written(broker.address, name, topic_ids(broker.address, [name])[name])


async def records_of(reader: LogReader, name: str, start: int, end: int) -> tuple[Record, ...]:
    return tuple(
        [
            Record(found.offset, found.timestamp, b"acme", found.value)
            async for chunk in reader.records(name, 0, start, end)
            for found in chunk
        ]
    )


async def read(connection: Connection, written: Written, end: int = STORED_UP_TO) -> None:
    """Read the log from its beginning, as the worker does."""
    await register(connection, [LEADS], TEST)
    await build_all(connection)
    async with open_log(written.address, PLAINTEXT) as reader:
        records = await records_of(reader, written.name, 0, end)
    batch = decode_batch(Batch("events", 0, 0, end, records), written.id)
    async with connection.transaction():
        await open_partition(connection, batch.topic_id, batch.topic, batch.partition, 0)
    await apply(connection, batch, NOTHING_LOADED)


async def verified(connection: Connection, written: Written) -> Verification:
    async with open_log(written.address, PLAINTEXT) as reader, connection.transaction():
        topic = Topic(reader, written.name, written.id, 1)
        return await verify(connection, topic=topic, experiment=None, progress=lambda _, __: None)


async def found(
    connection: Connection, written: Written
) -> list[tuple[str, str, str, str | None, str | None]]:
    """What differs in the log and in what was counted of it."""
    return [
        (
            one.check.value,
            str(one.place).replace(written.name, "topic"),
            *(one.field, one.stored, one.recomputed),
        )
        for one in (await verified(connection, written)).differences
        if one.check in {"log", "offsets", "deliveries"}
    ]


def test_what_is_stored_sent_again_refused_or_not_read_yet_differs_in_nothing(
    database: str, written: Written
) -> None:
    async def body(connection: Connection) -> None:
        await read(connection, written)

        whole = await verified(connection, written)

        assert whole.differences == []
        assert whole.unverified == []
        (partition,) = whole.partitions
        assert (partition.next_offset, partition.log_end, partition.found.records) == (6, 7, 6)

    on(database, body)


CORRUPTIONS = {
    "an event that is gone": (
        "DELETE FROM events WHERE id = 'l2'",
        [
            ("deliveries", "events", "accepted", "4", "3"),
            ("log", "topic[0] offset 4, event crm l2", "event", None, "lead.accepted"),
        ],
    ),
    "an event that was rewritten": (
        "UPDATE events SET campaign = 'spring' WHERE id = 'l2'",
        [("log", "topic[0] offset 4, event crm l2", "campaign", "'spring'", "None")],
    ),
    "an offset that went ahead": (
        "UPDATE partition_offsets SET next_offset = 7",
        [
            ("log", "topic[0] offset 6, event crm l3", "event", None, "lead.accepted"),
            ("deliveries", "topic[0]", "records", "6", "7"),
        ],
    ),
    "an offset beyond the log": (
        "UPDATE partition_offsets SET next_offset = 9",
        [
            ("offsets", "topic[0]", "next_offset", "9", "0 to 7"),
            ("log", "topic[0] offset 6, event crm l3", "event", None, "lead.accepted"),
            ("deliveries", "topic[0]", "records", "6", "7"),
        ],
    ),
    "an offset that fell back": (
        "UPDATE partition_offsets SET next_offset = 5",
        [("deliveries", "topic[0]", "records", "6", "5")],
    ),
    "a refused record that is not kept": (
        "DELETE FROM dead_letters",
        [
            ("deliveries", "events[0]", "refused", "1", "0"),
            ("log", "topic[0] offset 5", "dead letter", None, "event: malformed_json"),
        ],
    ),
    "duplicates that were not counted": (
        "UPDATE partition_offsets SET duplicates = 0",
        [("deliveries", "topic[0]", "records", "5", "6")],
    ),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_what_the_log_holds_and_storage_does_not_is_named(
    database: str, written: Written, name: str
) -> None:
    statement, expected = CORRUPTIONS[name]

    async def body(connection: Connection) -> None:
        await read(connection, written)

        await connection.execute(statement)

        assert await found(connection, written) == expected

    on(database, body)


def test_records_of_an_erased_contact_are_left_out_and_differ_in_nothing(
    database: str, written: Written
) -> None:
    async def body(connection: Connection) -> None:
        await read(connection, written)

        async with connection.transaction():
            await erase_contact(connection, "ann", by=None, at=NOW)

        after = await verified(connection, written)
        assert after.differences == []
        assert after.partitions[0].found.left_out == 1

    on(database, body)


def test_what_the_topic_no_longer_holds_is_told_and_differs_in_nothing(
    database: str, kafka_broker: KafkaBroker
) -> None:
    shortened = write(kafka_broker)

    async def body(connection: Connection) -> None:
        await read(connection, shortened)

        admin = KafkaAdminClient(bootstrap_servers=shortened.address)
        admin.delete_records({TopicPartition(shortened.name, 0): 4})
        admin.close()

        after = await verified(connection, shortened)
        assert after.differences == []
        assert [s for s in after.unverified if "records below offset 4 are no longer" in s]

    on(database, body)


def test_a_topic_that_was_made_again_is_told_apart(database: str, written: Written) -> None:
    async def body(connection: Connection) -> None:
        await read(connection, written)
        anew = Written(written.address, written.name, UUID(int=7))

        after = await verified(connection, anew)

        assert after.differences == []
        assert [s for s in after.unverified if "4 events of the former one" in s]

    on(database, body)
