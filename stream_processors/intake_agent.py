"""The intake agent: what producers write to `events.inbox` becomes validated, keyed `events`.

At least once into `events`: a crash between the broker's acknowledgement and the offset repeats
events, which attribution counts once by (source, id).
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from aiokafka import AIOKafkaProducer

from attribution.identity import lone_contacts
from observability.tracing import TraceHeaders, trace_headers_here
from schemas.codec import decode, encode
from schemas.events import Event
from schemas.gate import GateRules, normalise
from schemas.own_types import OwnTypeRefused, OwnTypes
from schemas.partitioning import partition_key
from storage.batches import DecodedBatch, fence, record_delivery
from storage.contacts import homes_of
from storage.known_types import KnownTypes
from storage.offsets import FencedError as OffsetMoved
from storage.pool import Connection, Pool
from stream_processors.batch_observer import BatchObserver, BatchWatch, Unobserved
from stream_processors.batches import Batch
from stream_processors.dead_letters import DeadLetterWriter
from stream_processors.decoding import decode_records
from stream_processors.delivery import FencedError


class IntakeAgent:
    """Validates, normalises, keys and passes on; keeps only the types it has met."""

    def __init__(
        self,
        pool: Pool,
        topic_id: Callable[[str], UUID],
        producer: AIOKafkaProducer,
        dead_letters: DeadLetterWriter,
        rules: GateRules,
        target: str,
        observer: BatchObserver | None = None,
    ) -> None:
        self._pool = pool
        self._topic_id = topic_id
        self._producer = producer
        self._dead_letters = dead_letters
        self._rules = rules
        self._target = target
        self._observer = observer or Unobserved()
        self._known = KnownTypes()

    async def handle(self, batch: Batch) -> None:
        """Pass one batch on, then move its offset; FencedError where another worker did."""
        with self._observer.watch(batch) as watch:
            await self._handle(batch, watch)

    async def _handle(self, batch: Batch, watch: BatchWatch) -> None:
        with watch.stage("decode"):
            decoded = await self._judge(batch)
        await self._dead_letters.write(decoded)
        await self._pass_on([sent.event for sent in decoded.events])
        try:
            with watch.stage("transaction"):
                async with self._pool.connection() as connection:
                    await _close(connection, decoded)
        except OffsetMoved as moved:
            raise FencedError(str(moved)) from moved
        watch.applied(accepted=len(decoded.events), duplicates=0, refused=decoded.refused)

    async def _judge(self, batch: Batch) -> DecodedBatch:
        door = _Door(self._rules, self._known.own_types)
        decoded = self._decode(batch, door)
        if await self._learn(door.doubted):
            decoded = self._decode(batch, _Door(self._rules, self._known.own_types))
        return decoded

    async def _learn(self, doubted: Collection[str]) -> bool:
        now = time.monotonic()
        if not self._known.lacks(doubted, now):
            return False
        async with self._pool.connection() as connection:
            return await self._known.learn(connection, doubted, now)

    def _decode(self, batch: Batch, door: "_Door") -> DecodedBatch:
        events, refused = decode_records(batch, door)
        return DecodedBatch(
            topic_id=self._topic_id(batch.topic),
            topic=batch.topic,
            partition=batch.partition,
            first_offset=batch.first_offset,
            next_offset=batch.next_offset,
            events=events,
            refused=refused,
        )

    async def _pass_on(self, events: Sequence[Event]) -> None:
        if not events:
            return
        async with self._pool.connection() as connection:
            homes = await homes_of(connection, lone_contacts(events))
        # Sent in order without waiting in between: one partition's events keep their order.
        # The first one carries the batch's trace: one link is enough to follow it.
        traced = itertools.chain((trace_headers_here(),), itertools.repeat(None))
        sent = [
            await self._send(event, homes.get(event.contact or ""), headers)
            for event, headers in zip(events, traced, strict=False)
        ]
        await asyncio.gather(*sent)

    async def _send(
        self, event: Event, home: str | None, headers: TraceHeaders | None
    ) -> asyncio.Future[object]:
        key = partition_key(event, account_of_contact=home)
        future: asyncio.Future[object] = await self._producer.send(
            self._target, key=key, value=encode(event), headers=headers
        )
        return future


@dataclass(frozen=True, slots=True)
class _Door:
    """Judges records; `doubted` collects the types by which events are refused, as far as known."""

    rules: GateRules
    own_types: OwnTypes
    doubted: set[str] = field(default_factory=set)

    def __call__(self, raw: bytes, received_us: int) -> Event:
        # The record's own time, not the clock: a batch that is read again is judged the same.
        try:
            event = decode(raw, now_us=received_us, own_types=self.own_types)
        except OwnTypeRefused as refusal:
            self.doubted.add(refusal.type)
            raise
        return normalise(event, self.rules)


async def _close(connection: Connection, batch: DecodedBatch) -> None:
    await fence(connection, batch)
    await record_delivery(connection, batch, accepted=len(batch.events), duplicates=0)
