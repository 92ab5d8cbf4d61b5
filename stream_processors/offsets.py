"""Where a worker starts each partition: at PostgreSQL's offset, never at Kafka's committed one."""

import asyncio
from collections.abc import Collection, Mapping, Set
from contextlib import suppress
from functools import partial
from uuid import UUID

from faust.types import TP
from kafka.errors import KafkaError

from storage.kafka_access import PLAINTEXT, KafkaAccess
from storage.offsets import next_offsets
from storage.opened_partitions import open_partitions
from storage.pool import Pool
from stream_processors.topics import TopicNotReadyError, topic_ids

WATCH_SECONDS = 10.0


class TopicMadeAgainError(Exception):
    """A topic has another id than when the worker began: what it holds of it is of another log."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        super().__init__(
            f"Topic {topic} was deleted and made again while the worker ran. Start the worker "
            "again: it begins at the new topic's beginning."
        )


class OffsetTable:
    """The stored offsets of the topics that a worker reads, under the topics' ids.

    The ids are asked for at each assignment and never change while a worker runs: one that was
    made again starts at its beginning, in a worker that holds nothing of the old one.
    """

    def __init__(
        self,
        pool: Pool,
        bootstrap: str,
        topics: Collection[str],
        access: KafkaAccess = PLAINTEXT,
    ) -> None:
        self._pool = pool
        self._ask_ids = partial(topic_ids, bootstrap, topics, access=access)
        self._ids: Mapping[str, UUID] = {}

    def topic_id(self, topic: str) -> UUID:
        """Return the id of a topic, known since the last assignment."""
        return self._ids[topic]

    async def start_offsets(self, log_starts: Mapping[TP, int]) -> Mapping[TP, int | None]:
        """Return where each partition continues; one that was never read is opened, at its start.

        Raises TopicMadeAgainError.
        """
        await self.refresh_ids()
        stored = await self.stored(log_starts.keys())
        unread = {(t, p): log_starts[TP(t, p)] for (t, p), at in stored.items() if at is None}
        if not unread:
            return stored
        async with self._pool.connection() as connection:
            await open_partitions(connection, self._ids, unread)
        # Looked up again: another worker may have opened it first.
        return await self.stored(log_starts.keys())

    async def refresh_ids(self) -> None:
        """Ask for the topics' ids. Raises TopicMadeAgainError where one is not what it was."""
        ids = await asyncio.to_thread(self._ask_ids)
        for topic, known in self._ids.items():
            if ids[topic] != known:
                raise TopicMadeAgainError(topic)
        self._ids = ids

    async def watch(self) -> None:
        """Look at the ids from time to time; raises TopicMadeAgainError.

        Kafka's client reads a topic that was made again by its name, from where the old one was.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self.is_known:
                # A broker that is away, or a topic that is gone for now, is seen by who reads.
                with suppress(KafkaError, TopicNotReadyError):
                    await self.refresh_ids()

    async def stored(self, partitions: Set[TP]) -> Mapping[TP, int | None]:
        """Return the stored offset of each partition under the ids of the last assignment."""
        ids = self._ids
        async with self._pool.connection() as connection:
            stored = await next_offsets(connection, list(ids.values()))
        return {tp: stored.get((ids[tp.topic], tp.partition)) for tp in partitions}

    @property
    def is_known(self) -> bool:
        """Whether there was an assignment, so that the topics' ids are known."""
        return bool(self._ids)
