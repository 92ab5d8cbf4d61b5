"""How far the stream has come, looked at from outside all the time: nobody may stand still."""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import psutil
import psycopg
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas.catalog import EVENTS, INBOX
from stream_processors.topics import TopicNotReadyError, topic_ids
from tests.chaos.stack import Stack

LOOK_SECONDS = 0.2
TOPICS = (EVENTS.name, INBOX.name)
_STORED = "SELECT topic_id, partition, next_offset FROM partition_offsets"
MEBIBYTE = 1024 * 1024

Places = Mapping[tuple[UUID, int], int]
"""An offset for each partition of a topic, by the topic's id."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one moment."""

    at: float
    processed: int


@dataclass
class Watcher:
    """Looks at the stored offsets and at the memory of the workers until it is closed."""

    stack: Stack
    looks: list[Look] = field(default_factory=list)
    memory: dict[int, list[int]] = field(default_factory=dict)
    _closing: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._look_on_and_on, name="watcher")
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def longest_pause(self, since: float) -> float:
        """Return the longest time since a moment in which no offset was seen to move."""
        before = [look for look in self.looks if look.at <= since][-1:]
        longest, moved_at, processed = 0.0, since, before[0].processed if before else 0
        for look in [look for look in self.looks if look.at > since]:
            if look.processed != processed:
                longest = max(longest, look.at - moved_at)
                moved_at, processed = look.at, look.processed
        return max(longest, time.monotonic() - moved_at)

    def _look_on_and_on(self) -> None:
        connection: psycopg.Connection | None = None
        while not self._closing.wait(LOOK_SECONDS):
            self._weigh()
            with suppress(psycopg.Error, KeyError):
                if connection is None or connection.closed:
                    connection = self.stack.connect()
                rows = connection.execute(_STORED).fetchall()
                self.looks.append(Look(time.monotonic(), sum(row[2] for row in rows)))
        if connection is not None:
            connection.close()

    def _weigh(self) -> None:
        for name in self.stack.workers():
            with suppress(psutil.Error, KeyError):
                pid = self.stack.keeper.process(name).pid
                held = psutil.Process(pid).memory_info().rss // MEBIBYTE
                self.memory.setdefault(pid, []).append(held)


def log_ends(stack: Stack, seconds: float = 30) -> Places:
    """Return where the log of both topics ends now; asks until the broker answers."""
    give_up_at = time.monotonic() + seconds
    while True:
        try:
            return _log_ends(stack.kafka.address)
        except (KafkaError, TopicNotReadyError, TypeError):
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.3)


def _log_ends(bootstrap: str) -> Places:
    ids = topic_ids(bootstrap, TOPICS)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        asked = [TopicPartition(t, p) for t in TOPICS for p in consumer.partitions_for_topic(t)]
        ends = consumer.end_offsets(asked)
    finally:
        consumer.close()
    return {(ids[place.topic], place.partition): end for place, end in ends.items()}


def stored_offsets(stack: Stack) -> Places:
    """Return where each partition continues."""
    with stack.connect() as connection:
        return {(id_, partition): at for id_, partition, at in connection.execute(_STORED)}


def wait_until_processed(stack: Stack, ends: Places, seconds: float) -> bool:
    """Wait until every record below these offsets is processed.

    False as soon as a partition that has some to process stands still for so many seconds.
    """
    left = {place: -1 for place, end in ends.items() if end > 0}
    moved_at = dict.fromkeys(left, time.monotonic())
    while left:
        stored = _stored_if_known(stack)
        now = time.monotonic()
        for place, before in list(left.items()):
            at = stored.get(place, 0)
            if at >= ends[place]:
                del left[place]
            elif at > before:
                left[place], moved_at[place] = at, now
            elif now - moved_at[place] > seconds:
                return False
        time.sleep(0.1 if left else 0)
    return True


def is_drained(stack: Stack, seconds: float) -> bool:
    """Wait until nothing is left to do; False where a partition stands still for so long."""
    # Twice: what was in the inbox is in `events` once the inbox is processed.
    return all(wait_until_processed(stack, log_ends(stack), seconds) for _ in range(2))


def _stored_if_known(stack: Stack) -> Places:
    try:
        return stored_offsets(stack)
    except psycopg.Error:
        return {}
