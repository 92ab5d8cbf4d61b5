"""Publishes refused records on the dead-letter topic, each with reason and place.

At least once: readers know a record by topic id, partition and offset. The table `dead_letters`,
written in the batch's transaction, holds each exactly once, and whole. A letter holds the beginning
of a record that is too large to be published, and says so: nobody's record may stop the stream.
"""

import asyncio

from aiokafka import AIOKafkaProducer

from schemas.dead_letters import DeadLetter, encode_dead_letter, identity_of
from storage.batches import DecodedBatch
from storage.dead_letters import Refused

MOST_RAW_BYTES = 512 * 1024
"""A record may have all of the mebibyte that a message may have; as text it is a third longer."""


class DeadLetterWriter:
    """Writes to one topic and waits for the broker's acknowledgement."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def write(self, batch: DecodedBatch) -> None:
        """Publish the refused records of a batch; returns once the broker holds them all."""
        sent = [await self._send(batch, refused) for refused in batch.refused]
        if sent:
            await asyncio.gather(*sent)

    async def _send(self, batch: DecodedBatch, refused: Refused) -> asyncio.Future[object]:
        key = f"{batch.topic}/{batch.partition}/{refused.offset}".encode()
        value = encode_dead_letter(letter_of(batch, refused))
        future: asyncio.Future[object] = await self._producer.send(
            self._topic, key=key, value=value
        )
        return future


def letter_of(batch: DecodedBatch, refused: Refused) -> DeadLetter:
    """Return the letter of a refused record, small enough to be published."""
    source, event_id = identity_of(refused.raw)
    return DeadLetter(
        field=refused.field,
        rule=refused.rule,
        detail=_detail(refused),
        topic=batch.topic,
        topic_id=str(batch.topic_id),
        partition=batch.partition,
        offset=refused.offset,
        raw=refused.raw[:MOST_RAW_BYTES],
        received_at_us=refused.received_us,
        source=source,
        id=event_id,
    )


def _detail(refused: Refused) -> str:
    size = len(refused.raw)
    if size <= MOST_RAW_BYTES:
        return refused.detail
    return (
        f"{refused.detail} (`raw` holds the first {MOST_RAW_BYTES} of {size} bytes; the table "
        "dead_letters holds all)"
    )
