"""Against a real broker: an accepted event is in the topic events.inbox, as it was sent."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from cli.replaying.delivery import deliver
from cli.replaying.kafka_inbox import kafka_inbox
from cli.replaying.targets import Answer
from cli.topics import ensure_topics
from schemas.catalog import INBOX
from tests.services import KafkaBroker

EVENTS = [b'{"id": "e%d"}' % number for number in range(1_200)]


@pytest.mark.stack
def test_every_event_is_in_the_inbox_once_it_counts_as_accepted(kafka_broker: KafkaBroker) -> None:
    ensure_topics(kafka_broker.address)
    partitions = [TopicPartition(INBOX.name, number) for number in range(INBOX.partitions)]
    consumer = KafkaConsumer(bootstrap_servers=kafka_broker.address)
    before = consumer.end_offsets(partitions)
    accepted: list[int] = []

    def note(_size: int, answer: Answer) -> None:
        accepted.append(answer.accepted)

    with kafka_inbox(kafka_broker.address) as inbox:
        asyncio.run(deliver(iter(EVENTS), inbox, note))

    after = consumer.end_offsets(partitions)
    consumer.assign(partitions)
    for partition in partitions:
        consumer.seek(partition, before[partition])
    read: list[bytes] = []
    while len(read) < sum(after[p] - before[p] for p in partitions):
        read += [record.value for batch in consumer.poll(5_000).values() for record in batch]
    consumer.close()
    assert sum(accepted) == len(EVENTS)
    assert sorted(read) == sorted(EVENTS)


def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    # In a process of its own: a producer of kafka-python that finds no broker leaves sockets open.
    command = ["simulate", "--accounts", "1", "--to", "kafka", "--kafka", "127.0.0.1:1"]

    ended = subprocess.run(
        [sys.executable, "-m", "cli", *command, "--data-dir", str(tmp_path)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "No Kafka broker answers at 127.0.0.1:1" in ended.stderr
