"""Publishes every frozen definition on the compacted topic `registry`, keyed by experiment.

At least once: the row is marked after the broker's acknowledgement, in the transaction that locked
it. A reader keeps the highest epoch of a key.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

import msgspec
from aiokafka import AIOKafkaProducer

from storage.definitions import FrozenDefinition, next_unpublished, note_published
from storage.pool import RETRYABLE, Pool

logger = logging.getLogger(__name__)

AT_ONCE = 100
IDLE_SECONDS = 1.0


async def publish_definitions(
    pool: Pool, producer: AIOKafkaProducer, topic: str, now: Callable[[], datetime]
) -> None:
    """Publish whatever is new, for ever; several workers share the work."""
    while True:
        try:
            published = await _publish_some(pool, producer, topic, now)
        except RETRYABLE as error:
            logger.warning("action=retry_publish cause=%s", error)
            published = 0
        await asyncio.sleep(0 if published == AT_ONCE else IDLE_SECONDS)


async def _publish_some(
    pool: Pool, producer: AIOKafkaProducer, topic: str, now: Callable[[], datetime]
) -> int:
    async with pool.connection() as connection:
        found = await next_unpublished(connection, limit=AT_ONCE)
        for definition in found:
            await producer.send_and_wait(
                topic, key=f"experiment/{definition.experiment}".encode(), value=_value(definition)
            )
        await note_published(connection, [definition.id for definition in found], at=now())
    return len(found)


def _value(definition: FrozenDefinition) -> bytes:
    return msgspec.json.encode(
        {"definition": definition.id, "epoch": definition.epoch, **definition.body}
    )
