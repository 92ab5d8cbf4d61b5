"""Faust's Kafka transport, handing over one batch per partition and fetch instead of one record.

Promises: every record of an assigned partition is handed over once and in order, starting where
`start_offsets` says and never where Kafka's committed offsets say. Kafka's committed offsets only
follow what a handler has finished, so that lag monitors work.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT, ConsumerMessage, Message
from mode import ServiceT
from mode.utils.futures import notify
from yarl import URL

from stream_processors.batches import Batch
from stream_processors.reading import BatchConsumerThread, Fetched
from stream_processors.settings import KafkaSettings

StartOffsets = Callable[[Mapping[TP, int]], Awaitable[Mapping[TP, int | None]]]
"""From partitions, each with the beginning of its log, to where they continue."""


class BatchConsumer(driver.Consumer):
    """A Faust consumer whose messages are batches and whose positions are the caller's.

    Not used from Faust: its read offset, gaps and acknowledged offsets. Batches of a partition are
    read, queued and finished in order, and a batch that a seek made stale is told by its seek.
    """

    transport: "BatchTransport"
    _thread: BatchConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._room = asyncio.Event()
        self._finished: dict[TP, int] = {}

    def is_current(self, fetched: Fetched) -> bool:
        """Tell whether the batch was read after its partition's latest seek."""
        return self._thread.is_current(fetched)

    def finish(self, batch: Batch) -> None:
        """Let Kafka's committed offset follow a batch that a handler has finished."""
        self._finished[TP(batch.topic, batch.partition)] = batch.next_offset

    async def reload(self, partition: TP) -> None:
        """Read the partition again from its stored position; whatever was read before is stale."""
        await self._seek_to_stored({partition})

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to the stored positions; Faust calls this after every assignment."""
        return await self._seek_to_stored(self.assignment())

    async def _seek_to_stored(self, partitions: set[TP]) -> Mapping[TP, int]:
        log_starts = await self.earliest_offsets(*partitions) if partitions else {}
        async with asyncio.timeout(self.transport.kafka.start_offsets_timeout_seconds):
            stored = await self.transport.start_offsets(
                {TP(*partition): offset for partition, offset in log_starts.items()}
            )
        return await self._thread.seek_to_stored({tp: stored[tp] for tp in partitions})

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                for fetched in await self._fetch():
                    await self._hand_over(fetched)
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _fetch(self) -> list[Fetched]:
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        self._room.clear()
        # A copy: Faust changes the set meanwhile, and an empty one would mean "all partitions".
        partitions = frozenset(self._get_active_partitions())
        if partitions:
            return await self._thread.fetch(partitions)
        await self.wait_first(self._room.wait(), timeout=1.0)
        return []

    async def _hand_over(self, fetched: Fetched) -> None:
        # While the flow is suspended partitions are being reassigned, and a seek will follow.
        if self.flow_active:
            message = self._message(fetched)
            await self.wait_first(self.callback(message), self.suspend_flow.wait())

    def _message(self, fetched: Fetched) -> ConsumerMessage:
        batch = fetched.batch
        return ConsumerMessage(
            batch.topic,
            batch.partition,
            batch.next_offset - 1,
            batch.records[-1].timestamp_ms / 1000,
            timestamp_type=0,
            headers=None,
            key=None,
            value=cast(bytes, fetched),  # Read by nobody but our own agents.
            checksum=None,
            tp=TP(batch.topic, batch.partition),
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_drop(self, tp: TP) -> None:
        """Fetch from a partition again as soon as its agent's queue has room."""
        super().on_buffer_drop(tp)
        self._room.set()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Fetch from partitions again as soon as they are resumed."""
        super().resume_partitions(tps)
        self._room.set()

    def ack(self, message: Message) -> bool:
        """Note that a message has left its stream, be it handled, dropped as stale or failed."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        notify(self._waiting_for_ack)
        return True

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in self._finished if not topics or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self._finished.pop(tp, None)

    def _should_commit(self, tp: TP, offset: int) -> bool:  # noqa: ARG002
        return True

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # A thread that is about to end answers no call any more.
        return not self._thread.should_stop and await super()._commit(offsets)

    async def verify_all_partitions_active(self) -> None:
        """Leave out Faust's guess at stalled partitions: it expects a message per record."""

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)


class BatchTransport(driver.Transport):
    """Faust's aiokafka transport with the batch consumer."""

    Consumer = BatchConsumer

    def __init__(
        self, urls: list[URL], app: AppT, kafka: KafkaSettings, start_offsets: StartOffsets
    ) -> None:
        super().__init__(urls, app)
        self.kafka = kafka
        self.start_offsets = start_offsets
