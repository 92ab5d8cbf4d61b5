"""What happens to Kafka: killed, frozen, topics made again, partitions added."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
from kafka import KafkaAdminClient
from kafka.errors import UnknownTopicOrPartitionError

from cli.processes import stop
from cli.topics import ensure_topics
from schemas.catalog import EVENTS, INBOX
from stream_processors.topics import topic_ids
from tests.chaos.plan import Fault
from tests.chaos.progress import is_drained
from tests.chaos.scene import Scene, wait_for

MOST_PARTITIONS = 8
REST_SECONDS = 60.0


def killed(scene: Scene, fault: Fault) -> str:
    """Kill the broker, and start it again after a while."""
    stop(scene.stack.kafka.process, gently=signal.SIGKILL)
    time.sleep(fault.seconds)
    scene.stack.start_broker()
    return f"away for {fault.seconds:.1f} s and its start"


def frozen(scene: Scene, fault: Fault) -> str:
    """Let the broker sleep: connections stay, nobody answers."""
    broker = psutil.Process(scene.stack.kafka.process.pid)
    broker.send_signal(signal.SIGSTOP)
    time.sleep(fault.seconds)
    broker.send_signal(signal.SIGCONT)
    return "slept"


def topic_made_again(scene: Scene, fault: Fault) -> str:
    """Delete a topic and make it again, with new load at once.

    All of it is processed before: what is not would be lost with the topic, as it should be.
    """
    topic = (EVENTS.name, INBOX.name)[fault.choice % 2]
    scene.load.pause()
    try:
        if not is_drained(scene.stack, REST_SECONDS):
            return f"{topic} stays: it is not processed yet"
        before = topic_ids(scene.stack.kafka.address, [topic])[topic]
        with _administration(scene) as admin:
            admin.delete_topics([topic])
            wait_for(lambda: _is_gone(admin, topic), 10)
        ensure_topics(scene.stack.kafka.address)
    finally:
        scene.load.resume()
    after = topic_ids(scene.stack.kafka.address, [topic])[topic]
    return f"{topic}, {'another id' if after != before else 'THE SAME ID'}"


def partitions_added(scene: Scene, fault: Fault) -> str:
    """Add a partition to a topic under load: keys move to others, their old records do not."""
    topic = (EVENTS.name, INBOX.name)[fault.choice % 2]
    with _administration(scene) as admin:
        (described,) = admin.describe_topics([topic])
        count = len(described["partitions"])
        if count >= MOST_PARTITIONS:
            return f"{topic} keeps its {count}"
        admin.create_partitions({topic: count + 1})
    return f"{topic} has {count + 1}"


def _is_gone(admin: KafkaAdminClient, topic: str) -> bool:
    with suppress(UnknownTopicOrPartitionError):
        return topic not in admin.list_topics()
    return True


@contextmanager
def _administration(scene: Scene) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=scene.stack.kafka.address)
    try:
        yield admin
    finally:
        admin.close()
