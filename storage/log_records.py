"""Reads a part of the log again, beside the workers and without a place in their group."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from storage.kafka_access import KafkaAccess
from storage.kafka_trouble import KafkaTroubleError, servers_of, why_unreachable

RECORDS_AT_ONCE = 5_000
FETCH_MS = 1_000
QUIET_FETCHES = 30


class LogUnreadableError(Exception):
    """Records that are there cannot be read; the message says which."""


@dataclass(frozen=True, slots=True)
class LogSpan:
    """The records that the log holds of one partition: from `start` up to, and without, `end`."""

    topic: str
    topic_id: UUID
    partition: int
    start: int
    end: int


class LogReader:
    """Reads any partition from any offset; commits nothing."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def spans(self, topic: str, topic_id: UUID, partitions: int) -> list[LogSpan]:
        """Return what the log holds of each partition of a topic at this moment."""
        asked = [TopicPartition(topic, number) for number in range(partitions)]
        starts = await self._consumer.beginning_offsets(asked)
        ends = await self._consumer.end_offsets(asked)
        return [LogSpan(topic, topic_id, p.partition, starts[p], ends[p]) for p in asked]

    async def records(
        self, topic: str, partition: int, start: int, end: int
    ) -> AsyncGenerator[Sequence[ConsumerRecord]]:
        """Yield the records from `start` up to, and without, `end`, some at a time.

        Raises LogUnreadableError where they do not come, or were deleted meanwhile.
        """
        place = TopicPartition(topic, partition)
        self._consumer.assign([place])
        self._consumer.seek(place, start)
        quiet = 0
        while await self._consumer.position(place) < end:
            found = await self._fetched(place)
            quiet = 0 if found else quiet + 1
            if quiet == QUIET_FETCHES:
                at = await self._consumer.position(place)
                raise LogUnreadableError(f"{topic}[{partition}]: nothing comes from offset {at} on")
            yield [record for record in found if record.offset < end]

    async def _fetched(self, place: TopicPartition) -> Sequence[ConsumerRecord]:
        try:
            found = await self._consumer.getmany(
                place, timeout_ms=FETCH_MS, max_records=RECORDS_AT_ONCE
            )
        except OffsetOutOfRangeError as error:
            raise LogUnreadableError(
                f"{place.topic}[{place.partition}]: records were deleted while they were read; "
                "verify again"
            ) from error
        records: Sequence[ConsumerRecord] = found.get(place, ())
        return records


@asynccontextmanager
async def open_log(bootstrap: str, access: KafkaAccess) -> AsyncIterator[LogReader]:
    """Open a reader. Raises KafkaTroubleError where no broker can be used."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers_of(bootstrap),
        enable_auto_commit=False,
        auto_offset_reset="none",
        **access.client_options(),
    )
    try:
        await _start(consumer, bootstrap, access)
        yield LogReader(consumer)
    finally:
        await consumer.stop()


async def _start(consumer: AIOKafkaConsumer, bootstrap: str, access: KafkaAccess) -> None:
    try:
        await consumer.start()
    except KafkaError as error:
        raise KafkaTroubleError(await why_unreachable(bootstrap, access)) from error
    # A task of the client that is cancelled before its first step lets `stop` raise the cancelling.
    await asyncio.sleep(0)
