"""Writes records to one topic and says which of them the log has acknowledged.

A record counts as taken only once every in-sync replica has it (acks=all). One that is not
acknowledged in time may still arrive: it is reported as not taken and sent again, and its id counts
once. So nothing is lost and nothing counts twice, whatever the producer does in between.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from api.in_flight import InFlight
from api.log_batches import Record, positions_by_partition
from api.log_submission import BATCH_BYTES, RecordHeaders, Submission, submit
from storage.kafka_access import PLAINTEXT, KafkaAccess, KafkaAccessError
from storage.kafka_trouble import servers_of, why_unreachable

REQUEST_TIMEOUT_MS = 10_000
RECONNECT_SECONDS = 1.0
CLOSE_SECONDS = 5.0

_LOG = logging.getLogger(__name__)


class LogWriter:
    """Holds the connection to Kafka, renews it when it breaks, and appends records."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        acknowledge_seconds: float,
        in_flight: InFlight,
        access: KafkaAccess = PLAINTEXT,
    ) -> None:
        """Take where to write, and how long an append may wait for its acknowledgement."""
        self._bootstrap = bootstrap
        self._access = access
        self._topic = topic
        self._acknowledge_seconds = acknowledge_seconds
        self._in_flight = in_flight
        self._producer: AIOKafkaProducer | None = None
        self._broken = asyncio.Event()
        self._unacknowledged: dict[asyncio.Future[Any], float] = {}

    async def run(self) -> None:
        """Keep a producer connected until cancelled."""
        while True:
            try:
                async with self._connected():
                    await self._broken.wait()
            except (KafkaError, KafkaAccessError):
                reason = await why_unreachable(self._bootstrap, self._access)
                _LOG.warning("No connection to Kafka. %s", reason)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def append(
        self, records: Sequence[Record], headers: RecordHeaders | None = None
    ) -> frozenset[int]:
        """Append the records and return the positions of those that were not acknowledged.

        The first record of each partition carries the headers.
        """
        deadline = asyncio.get_running_loop().time() + self._acknowledge_seconds
        producer = self._producer
        partitions = await self._partitions(producer, deadline)
        if producer is None or not partitions:
            return frozenset(range(len(records)))
        submissions = [
            Submission(self._topic, partition, positions, records, headers)
            for partition, positions in positions_by_partition(records, partitions).items()
        ]
        not_taken = await asyncio.gather(
            *(self._carry_out(producer, submission, deadline) for submission in submissions)
        )
        return frozenset().union(*not_taken)

    @property
    def is_stalled(self) -> bool:
        """Whether nothing can be written, or something waits longer than any request would."""
        if self._producer is None:
            return True
        oldest = next(iter(self._unacknowledged.values()), None)
        return oldest is not None and _now() - oldest > self._acknowledge_seconds

    async def trouble(self) -> str | None:
        """Say what keeps the log from being written to, None where nothing does."""
        producer = self._producer
        if producer is None:
            # The reason names addresses and users, and everybody may ask whether the API is ready.
            return "there is no connection to Kafka; the API's log says why"
        try:
            async with asyncio.timeout(2):
                cluster = await producer.client.fetch_all_metadata()
        except (KafkaError, TimeoutError):
            return "Kafka does not answer"
        if not cluster.partitions_for_topic(self._topic):
            return f"the topic {self._topic} does not exist; `roundtable topics` creates it"
        return "Kafka does not acknowledge what is written" if self.is_stalled else None

    async def _partitions(
        self, producer: AIOKafkaProducer | None, deadline: float
    ) -> Sequence[int]:
        if producer is None:
            return ()
        known = producer.client.cluster.partitions_for_topic(self._topic)
        if known:
            return sorted(known)  # as nearly always: waiting for nothing costs a timer
        try:
            async with asyncio.timeout_at(deadline):
                return sorted(await producer.partitions_for(self._topic))
        except (KafkaError, TimeoutError) as error:
            _LOG.warning("The partitions of %s are not known: %r", self._topic, error)
            return ()

    async def _carry_out(
        self, producer: AIOKafkaProducer, submission: Submission, deadline: float
    ) -> set[int]:
        try:
            async with asyncio.timeout_at(deadline):
                await submit(producer, submission, partial(self._watch, producer))
        except TimeoutError:
            pass  # what was not submitted is not taken
        except KafkaError as error:
            self._renew(producer, error)
        if submission.futures:
            await asyncio.wait(submission.futures, timeout=max(0.0, deadline - _now()))
        return submission.unacknowledged()

    def _watch(self, producer: AIOKafkaProducer, future: asyncio.Future[Any], size: int) -> None:
        """Count the bytes as in flight until they are acknowledged, however long that takes."""
        self._in_flight.add(size)
        self._unacknowledged[future] = _now()

        def settle(future: asyncio.Future[Any]) -> None:
            self._in_flight.remove(size)
            del self._unacknowledged[future]
            error = None if future.cancelled() else future.exception()
            if error is not None:
                self._renew(producer, error)

        future.add_done_callback(settle)

    def _renew(self, producer: AIOKafkaProducer, error: BaseException) -> None:
        # What an idempotent producer gives up on leaves a gap in its sequence: the broker refuses
        # whatever follows, so only a new producer can go on.
        if self._producer is producer:
            _LOG.warning("Kafka refused what was written, connecting anew: %r", error)
            self._producer = None
            self._broken.set()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        producer = AIOKafkaProducer(
            bootstrap_servers=servers_of(self._bootstrap),
            **self._access.client_options(),
            client_id="roundtable-api",
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        try:
            await producer.start()
            self._broken.clear()
            self._producer = producer
            yield
        finally:
            self._producer = None
            await self._close(producer)

    async def _close(self, producer: AIOKafkaProducer) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await producer.stop()
        except TimeoutError:
            # Its sender retries for ever; nothing public ends it.
            producer._sender.sender_task.cancel()
            await producer.client.close()
        for future in list(self._unacknowledged):
            future.cancel()


def _now() -> float:
    return asyncio.get_running_loop().time()
