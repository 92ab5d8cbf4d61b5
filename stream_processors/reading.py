"""The thread that talks to Kafka: it alone moves and knows the positions that are read from.

Seeks and fetches run in this thread's loop, and neither awaits between looking at a position and
changing it. So a batch never carries the number of a seek that it was not read after.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, cast

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from stream_processors.batches import Batch, batches_of
from stream_processors.positions import PositionLostError, start_offset
from stream_processors.settings import KafkaSettings

FETCH_TIMEOUT_MS = 1_000
BEFORE_SEEK_SECONDS = 0.05
METADATA_AGE_MS = 30_000


class Fetched(msgspec.Struct, frozen=True):
    """A batch and the number of the seek it was read after; a later seek makes it stale."""

    batch: Batch
    seek: int


class _Reading(msgspec.Struct):
    """How far a partition has been read since its latest seek."""

    seek: int
    next_offset: int


class BatchConsumerThread(driver.AIOKafkaConsumerThread):
    """Reads batches from the positions it was told to seek to."""

    def __post_init__(self) -> None:
        """Begin with no partition that could be read."""
        super().__post_init__()
        self._kafka: KafkaSettings = cast(Any, self.transport).kafka
        self._readings: dict[TP, _Reading] = {}
        self._seek_numbers = count(1)

    def is_current(self, fetched: Fetched) -> bool:
        """Tell whether the batch was read after its partition's latest seek."""
        reading = self._readings.get(TP(fetched.batch.topic, fetched.batch.partition))
        return reading is not None and reading.seek == fetched.seek

    async def seek_to_stored(self, stored: Mapping[TP, int | None]) -> dict[TP, int]:
        """Read on at the stored positions, if they lie inside the log."""
        return await self.call_thread(self._seek_to_stored, stored)  # type: ignore[no-any-return]

    async def _seek_to_stored(self, stored: Mapping[TP, int | None]) -> dict[TP, int]:
        log_starts, log_ends = await self._log_bounds(stored)
        starts = {
            partition: start_offset(partition, offset, log_starts[partition], log_ends[partition])
            for partition, offset in stored.items()
        }
        for partition, offset in starts.items():
            self._ensure_consumer().seek(TopicPartition(*partition), offset)
            self._readings[partition] = _Reading(next(self._seek_numbers), offset)
        return starts

    async def _log_bounds(self, partitions: Iterable[TP]) -> tuple[dict[Any, int], dict[Any, int]]:
        # TP and TopicPartition are tuples of the same two values, so either finds the other's key.
        asked = [TopicPartition(*partition) for partition in partitions]
        consumer = self._ensure_consumer()
        return await consumer.beginning_offsets(asked), await consumer.end_offsets(asked)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Make all batches of the revoked partitions stale before anything else happens."""
        for partition in revoked:
            self._readings.pop(partition, None)
        await super().on_partitions_revoked(revoked)

    async def fetch(self, partitions: Collection[TP]) -> list[Fetched]:
        """Wait a while for records of these partitions and return them as batches."""
        return await self.call_thread(self._fetch, partitions)  # type: ignore[no-any-return]

    async def _fetch(self, partitions: Collection[TP]) -> list[Fetched]:
        if not self.consumer.flow_active:
            return []
        asked = [TopicPartition(*partition) for partition in partitions]
        try:
            consumed = await self._ensure_consumer().getmany(*asked, timeout_ms=FETCH_TIMEOUT_MS)
        except NoOffsetForPartitionError:
            # Assigned, and not yet sought: the seek that follows says where to read.
            await asyncio.sleep(BEFORE_SEEK_SECONDS)
            return []
        except OffsetOutOfRangeError as error:
            raise await self._position_lost(error) from error
        return [
            fetched
            for partition, records in consumed.items()
            for fetched in self._advance(TP(*partition), records)
        ]

    def _advance(self, partition: TP, records: Sequence[ConsumerRecord]) -> Iterator[Fetched]:
        reading = self._readings.get(partition)
        if reading is None:
            return  # Read between an assignment and its seek: the seek will read it again.
        kafka = self._kafka
        for batch in batches_of(
            *partition, reading.next_offset, records, kafka.max_batch_bytes, kafka.most_traces
        ):
            yield Fetched(batch, reading.seek)
            reading.next_offset = batch.next_offset

    async def _position_lost(self, error: OffsetOutOfRangeError) -> PositionLostError:
        (partition, position), *_ = error.args[0].items()
        log_starts, log_ends = await self._log_bounds([partition])
        return PositionLostError(
            TP(*partition), position, log_starts[partition], log_ends[partition]
        )

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        committed = {TopicPartition(*tp): OffsetAndMetadata(at, "") for tp, at in offsets.items()}
        try:
            await self._ensure_consumer().commit(committed)
        except (KafkaError, asyncio.CancelledError) as error:
            # Only lag monitors read these offsets, so this is worth a line and nothing more, not
            # even when the client library cancels the request because it is being stopped.
            self.log.warning("Kafka did not take the offsets %r: %r", offsets, error)
            return False
        return True

    async def stop(self) -> None:
        """Stop; a thread that never ran has to be rid of its event loop here."""
        await super().stop()
        if not self.started:
            self.thread_loop.close()

    def _start_thread(self) -> None:
        # By then the app has been told of the failure; nobody catches it at the thread's end.
        with suppress(KafkaError):
            super()._start_thread()

    def on_crash(self, msg: str, *fmt: Any, **_: Any) -> None:
        """Say nothing: the failure is logged and raised where the app runs."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:  # noqa: ARG002
        return _new_kafka_consumer(self._kafka, self.app.conf.broker_client_id)


def _new_kafka_consumer(kafka: KafkaSettings, client_id: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=list(kafka.bootstrap_servers),
        **kafka.access.client_options(),
        client_id=client_id,
        group_id=kafka.group,
        group_instance_id=kafka.instance,
        partition_assignment_strategy=[RoundRobinPartitionAssignor],
        enable_auto_commit=False,
        # A position outside the log is an error to report, never one to jump away from.
        auto_offset_reset="none",
        max_poll_records=kafka.max_batch_records,
        max_partition_fetch_bytes=kafka.max_fetch_bytes,
        fetch_max_wait_ms=kafka.fetch_wait_ms,
        # Partitions that were added are read from then on.
        metadata_max_age_ms=METADATA_AGE_MS,
        request_timeout_ms=int(kafka.request_timeout_seconds * 1000),
        session_timeout_ms=int(kafka.session_timeout_seconds * 1000),
        heartbeat_interval_ms=int(kafka.heartbeat_seconds * 1000),
    )
