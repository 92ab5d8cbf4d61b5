"""The intake agent: what producers write to `events.inbox` becomes validated, keyed `events`.

At least once into `events`: a crash between the broker's acknowledgement and the offset repeats
events, which attribution counts once by (source, id).
"""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

from aiokafka import AIOKafkaProducer

from attribution.identity import lone_contacts
from schemas.codec import decode, encode
from schemas.events import Event
from schemas.gate import GateRules, normalise
from schemas.partitioning import partition_key
from storage.batches import DecodedBatch, fence, record_delivery
from storage.contacts import homes_of
from storage.offsets import FencedError as OffsetMoved
from storage.pool import Connection, Pool
from stream_processors.batches import Batch
from stream_processors.dead_letters import DeadLetterWriter
from stream_processors.decoding import decode_records
from stream_processors.delivery import FencedError


class IntakeAgent:
    """Validates, normalises, keys and passes on; keeps nothing between batches."""

    def __init__(
        self,
        pool: Pool,
        topic_id: Callable[[str], UUID],
        producer: AIOKafkaProducer,
        dead_letters: DeadLetterWriter,
        rules: GateRules,
        target: str,
    ) -> None:
        self._pool = pool
        self._topic_id = topic_id
        self._producer = producer
        self._dead_letters = dead_letters
        self._rules = rules
        self._target = target

    async def handle(self, batch: Batch) -> None:
        """Pass one batch on, then move its offset; FencedError where another worker did."""
        decoded = self._decode(batch)
        await self._dead_letters.write(decoded)
        await self._pass_on([sent.event for sent in decoded.events])
        try:
            async with self._pool.connection() as connection:
                await _close(connection, decoded)
        except OffsetMoved as moved:
            raise FencedError(str(moved)) from moved

    def _decode(self, batch: Batch) -> DecodedBatch:
        events, refused = decode_records(batch, self._at_the_door)
        return DecodedBatch(
            topic_id=self._topic_id(batch.topic),
            topic=batch.topic,
            partition=batch.partition,
            first_offset=batch.first_offset,
            next_offset=batch.next_offset,
            events=events,
            refused=refused,
        )

    def _at_the_door(self, raw: bytes, received_us: int) -> Event:
        # The record's own time, not the clock: a batch that is read again is judged the same.
        return normalise(decode(raw, now_us=received_us), self._rules)

    async def _pass_on(self, events: Sequence[Event]) -> None:
        if not events:
            return
        async with self._pool.connection() as connection:
            homes = await homes_of(connection, lone_contacts(events))
        # Sent in order without waiting in between: one partition's events keep their order.
        sent = [await self._send(event, homes.get(event.contact or "")) for event in events]
        await asyncio.gather(*sent)

    async def _send(self, event: Event, home: str | None) -> asyncio.Future[object]:
        key = partition_key(event, account_of_contact=home)
        future: asyncio.Future[object] = await self._producer.send(
            self._target, key=key, value=encode(event)
        )
        return future


async def _close(connection: Connection, batch: DecodedBatch) -> None:
    await fence(connection, batch)
    await record_delivery(connection, batch, accepted=len(batch.events), duplicates=0)
