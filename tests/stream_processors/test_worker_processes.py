"""Workers as processes: killed, frozen, stopped or joined, they apply every record once."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from tests.services import KafkaBroker
from tests.stream_processors.offset_table import OffsetTable
from tests.stream_processors.reading_in_process import committed_in_kafka, send

pytestmark = pytest.mark.stack

PARTITIONS = 4
PER_PARTITION = 500


def every_record(per_partition: int) -> list[tuple[int, int, bytes]]:
    return [
        (partition, offset, b"%d" % offset)
        for partition in range(PARTITIONS)
        for offset in range(per_partition)
    ]


EVERY_RECORD = every_record(PER_PARTITION)


def append(broker: KafkaBroker, topic: str, first: int, count: int) -> None:
    values = [b"%d" % number for number in range(first, first + count)]
    asyncio.run(send(broker.address, topic, dict.fromkeys(range(PARTITIONS), values)))


@pytest.fixture
def topic(broker: KafkaBroker) -> str:
    name = broker.create_topic(partitions=PARTITIONS)
    append(broker, name, first=0, count=PER_PARTITION)
    return name


@pytest.fixture
def table(tmp_path: Path) -> OffsetTable:
    return OffsetTable(tmp_path / "offsets.sqlite")


@pytest.fixture
def start(
    broker: KafkaBroker, topic: str, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a worker of one group; whatever still runs at the end is killed."""
    with contextlib.ExitStack() as stack:

        def start(worker: str, **options: object) -> subprocess.Popen[str]:
            command = [
                *(sys.executable, "-m", "tests.stream_processors.worker_process"),
                *("--kafka", broker.address, "--topic", topic, "--group", topic),
                *("--table", str(tmp_path / "offsets.sqlite"), "--worker", worker),
                *(f"--{name.replace('_', '-')}={value}" for name, value in options.items()),
            ]
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


def wait_until(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "The condition did not come true in time."
        time.sleep(0.02)


def test_a_worker_killed_at_any_moment_loses_and_doubles_nothing(start, table):
    for target in (200, 700, 1200):
        worker = start("killed", instance="one", pause=0.01)
        wait_until(lambda target=target: table.count() >= target)
        worker.kill()
        worker.wait()

    start("last", instance="one")
    wait_until(lambda: table.count() >= len(EVERY_RECORD))

    assert sorted(table.applied()) == EVERY_RECORD


def test_workers_that_join_and_leave_share_the_partitions_and_double_nothing(
    broker, start, topic, table
):
    first = start("first", pause=0.02)
    wait_until(lambda: table.count() >= 100)
    start("second", pause=0.02)
    sent = PER_PARTITION
    while table.workers() != {"first", "second"}:
        append(broker, topic, first=sent, count=50)
        sent += 50
        time.sleep(0.3)
    first.send_signal(signal.SIGTERM)
    append(broker, topic, first=sent, count=100)
    sent += 100
    wait_until(lambda: table.count() >= PARTITIONS * sent)

    assert sorted(table.applied()) == every_record(sent)
    assert first.wait(timeout=20) == 0


def test_a_frozen_worker_that_wakes_up_after_losing_its_partitions_is_fenced(start, table):
    frozen = start("frozen", pause=0.3)
    frozen.stdout.readline()
    frozen.send_signal(signal.SIGSTOP)
    start("successor")
    wait_until(lambda: table.workers() >= {"successor"})

    frozen.send_signal(signal.SIGCONT)
    wait_until(lambda: table.count() >= len(EVERY_RECORD))
    time.sleep(1.0)

    assert sorted(table.applied()) == EVERY_RECORD


def test_sigterm_finishes_the_batch_in_flight_and_ends_with_zero_soon(start, table):
    worker = start("stopped", pause=0.5)
    worker.stdout.readline()

    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    code = worker.wait(timeout=20)

    assert code == 0
    assert time.monotonic() - began < 10
    assert table.count() == sum(table.positions().values()) > 0


def test_a_batch_that_cannot_be_processed_ends_the_process_with_an_error(
    broker, start, topic, table
):
    asyncio.run(send(broker.address, topic, {2: [b"poison"]}))

    worker = start("failing")
    _, errors = worker.communicate(timeout=30)

    assert worker.returncode == 1
    assert f"Topic {topic} partition 2: the batch of offsets" in errors
    assert "A record that the handler cannot take." in errors
    for (_, partition), position in table.positions().items():
        committed = asyncio.run(
            committed_in_kafka(broker.address, topic, TopicPartition(topic, partition))
        )
        assert (committed or 0) <= position
