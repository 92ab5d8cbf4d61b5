"""Where a worker starts each partition: at PostgreSQL's offset, never at Kafka's committed one."""

import asyncio
from collections.abc import Collection, Mapping, Set
from functools import partial
from uuid import UUID

from faust.types import TP

from storage.kafka_access import PLAINTEXT, KafkaAccess
from storage.offsets import next_offsets
from storage.pool import Pool
from stream_processors.topics import topic_ids


class OffsetTable:
    """The stored offsets of the topics that a worker reads, under the topics' present ids.

    The ids are asked for anew at each assignment: a topic that was deleted and made again starts
    at its beginning.
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

    async def start_offsets(self, partitions: Set[TP]) -> Mapping[TP, int | None]:
        """Return where each partition continues, None where it was never read."""
        self._ids = await asyncio.to_thread(self._ask_ids)
        return await self.stored(partitions)

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
