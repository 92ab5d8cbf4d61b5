"""Workers of one group come, go and die while events arrive: every record counts once.

Each test leaves the stack to the next one with everything worked off and verified.
"""

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewPartitions

from cli.data_dir import DataDir
from cli.main import main
from cli.registering import register
from cli.running import Parts
from cli.settings import Settings
from cli.worker_group import SETTLING
from schemas.codec import encode
from schemas.events import Event
from tests.acceptance.conftest import RunningHere, whole_stack
from tests.acceptance.test_worker import METRIC, ends_of, experiment, wait_until

pytestmark = pytest.mark.timeout(300)

KEY = "rebalanced"
ACCOUNTS = [f"account-{number}.example" for number in range(40)]
FEBRUARY_US = 1_769_904_000_000_000
HOUR_US = 3_600_000_000


@pytest.fixture(scope="module")
def stack(service_settings: Settings) -> Iterator[RunningHere]:
    with whole_stack(service_settings, Parts(worker=False)) as running:
        register(running.url, running.token, [METRIC], [experiment(KEY)])
        yield running


class Group:
    """Workers of one group, each a static member under a name of its own."""

    def __init__(self, running: RunningHere) -> None:
        self._running = running
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        stack, data_dir = self._running.stack, DataDir(self._running.data_dir)
        for name in names:
            environ = {
                **os.environ,
                "ROUNDTABLE_KAFKA": stack.kafka,
                "ROUNDTABLE_DATABASE": stack.database,
                "ROUNDTABLE_HASH_KEY": data_dir.hash_key_file.read_text().strip(),
                "ROUNDTABLE_INSTANCE": name,
            }
            with self.log(name).open("ab") as log:
                self.workers[name] = subprocess.Popen(
                    [sys.executable, "-m", "stream_processors"], env=environ, stdout=log, stderr=log
                )

    def wait_for_members(self, count: int) -> None:
        """Wait until the group is settled and so many of its members have partitions."""
        admin = KafkaAdminClient(bootstrap_servers=self._running.stack.kafka)

        def settled() -> bool:
            try:
                found = admin.describe_groups(["roundtable"])["roundtable"]
            except SETTLING:
                return False
            if found["group_state"] != "Stable":
                return False  # and then its members have no assignment that could be read
            assignments = [member["member_assignment"] for member in found["members"]]
            return sum(bool(one["assigned_partitions"]) for one in assignments) == count

        wait_until(settled, 150)  # A worker takes seconds to start, more where others do too.
        admin.close()

    def log(self, name: str) -> Path:
        return self._running.data_dir / f"worker-{name}.log"

    def stop(self, *names: str) -> list[int]:
        for name in names:
            self.workers[name].terminate()
        return [self.workers.pop(name).wait(timeout=60) for name in names]

    def kill(self, *names: str) -> None:
        for name in names:
            self.workers[name].kill()
            self.workers.pop(name).wait()


@pytest.fixture
def group(stack: RunningHere) -> Iterator[Group]:
    found = Group(stack)
    yield found
    found.kill(*found.workers)


def exposure(account: str) -> Event:
    return Event(
        source="urn:test:rebalance",
        id=f"x-{account}",
        type="experiment.exposure",
        time_us=FEBRUARY_US,
        account=account,
        data={"experiment": KEY, "variant": "treatment"},
    )


def lead(account: str, time_us: int = FEBRUARY_US + HOUR_US) -> Event:
    return Event(
        source="urn:test:rebalance",
        id=str(uuid.uuid4()),
        type="lead.accepted",
        time_us=time_us,
        account=account,
    )


def send(running: RunningHere, *events: Event) -> None:
    producer = KafkaProducer(bootstrap_servers=running.stack.kafka, acks="all")
    put(producer, *events)
    producer.close()


def put(producer: KafkaProducer, *events: Event) -> None:
    for event in events:
        producer.send("events", encode(event), key=str(event.account).encode())
    producer.flush(30)


@contextmanager
def under_load(running: RunningHere) -> Iterator[None]:
    """Send events while the block runs: every exposure again and again, and leads."""
    enough = threading.Event()

    def load() -> None:
        producer = KafkaProducer(bootstrap_servers=running.stack.kafka, acks="all")
        while not enough.wait(0.5):
            put(producer, *(e for one in ACCOUNTS for e in (exposure(one), lead(one))))
        producer.close()

    thread = threading.Thread(target=load)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def applied(running: RunningHere) -> dict[int, int]:
    """Where each partition of the present topic stands: the newest rows are its."""
    with psycopg.connect(running.stack.database) as connection:
        rows = connection.execute(
            "SELECT DISTINCT ON (partition) partition, next_offset FROM partition_offsets "
            "WHERE topic = 'events' ORDER BY partition, number DESC"
        ).fetchall()
    return dict(rows)


def is_worked_off(running: RunningHere) -> bool:
    ends = {place.partition: end for place, end in ends_of(running, "events").items() if end}
    found = applied(running)
    return all(found.get(partition) == end for partition, end in ends.items())


def assert_worked_off_and_clean(running: RunningHere) -> None:
    wait_until(lambda: is_worked_off(running), 90)
    assert main(["verify", "--data-dir", str(running.data_dir)]) == 0


def progresses(running: RunningHere) -> None:
    """Wait until every partition that holds something has moved on."""
    before = applied(running)
    wait_until(lambda: all(applied(running)[p] > at for p, at in before.items()), 60)


def test_a_group_grows_to_four_loses_one_and_shrinks_to_two_under_load(
    stack: RunningHere, group: Group
) -> None:
    send(stack, *map(exposure, ACCOUNTS))
    group.start("w1")
    wait_until(lambda: applied(stack))
    with under_load(stack):
        progresses(stack)
        group.start("w2", "w3", "w4")
        group.wait_for_members(4)
        group.kill("w2")
        group.start("w2")
        progresses(stack)
        codes = group.stop("w1", "w3")
        group.wait_for_members(2)
        progresses(stack)

    assert codes == [0, 0]
    assert_worked_off_and_clean(stack)


def test_partitions_that_are_added_move_accounts_and_double_nothing(
    stack: RunningHere, group: Group
) -> None:
    group.start("w1", "w2")
    with under_load(stack):
        progresses(stack)
        admin = KafkaAdminClient(bootstrap_servers=stack.stack.kafka)
        admin.create_partitions({"events": NewPartitions(total_count=6)})
        admin.close()
        # A producer that was made before learns of them only after minutes; both kinds write on.
        send(stack, *map(lead, ACCOUNTS))
        assert len([end for end in ends_of(stack, "events").values() if end]) == 6
        # Old partitions hold a backlog that a third worker and those that come back share.
        group.kill("w1")
        group.start("w3")
        group.kill("w2")
        group.start("w1", "w2")
        wait_until(lambda: len(applied(stack)) == 6, 90)

    assert_worked_off_and_clean(stack)


def test_events_of_other_centuries_and_records_at_the_limit_are_taken(
    stack: RunningHere, group: Group
) -> None:
    large = b"x" * 900_000
    group.start("w1")

    producer = KafkaProducer(bootstrap_servers=stack.stack.kafka, acks="all", linger_ms=50)
    for number in range(8):
        producer.send("events", large, key=b"%d" % number, partition=number % 4)
    producer.flush(30)
    producer.close()
    send(stack, lead(ACCOUNTS[0], time_us=1), lead(ACCOUNTS[0], time_us=4_102_444_800_000_000))

    assert_worked_off_and_clean(stack)


def test_a_topic_that_is_made_again_ends_its_workers_and_is_read_from_its_beginning(
    stack: RunningHere, group: Group
) -> None:
    group.start("w1")
    send(stack, lead(ACCOUNTS[0]))
    wait_until(lambda: is_worked_off(stack), 60)
    admin = KafkaAdminClient(bootstrap_servers=stack.stack.kafka)
    admin.delete_topics(["events"])
    options = {"num_partitions": 4, "replication_factor": 1}
    wait_until(lambda: "events" not in admin.list_topics())
    admin.create_topics({"events": options}, wait_for_metadata=True)
    admin.close()

    send(stack, exposure(ACCOUNTS[0]), *map(lead, ACCOUNTS))

    code = group.workers.pop("w1").wait(timeout=120)
    group.start("w2")
    assert code == 1
    assert_worked_off_and_clean(stack)
