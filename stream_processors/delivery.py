"""What an agent does with each batch: one call of its handler, and one of three ends.

Finished, and Kafka's committed offset may follow. Fenced, and the partition is read again from its
stored position. Anything else ends the worker with the batch named, and nothing is acknowledged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

from faust import Stream
from faust.types import TP, StreamT

from stream_processors.batches import Batch
from stream_processors.reading import Fetched
from stream_processors.transport import BatchConsumer

logger = logging.getLogger(__name__)

Handler = Callable[[Batch], Awaitable[None]]

# Long enough that a worker which has lost its partition without knowing it does not race the new
# owner for every batch; short against the time Kafka takes to tell it.
PAUSE_AFTER_FENCE_SECONDS = 0.1


class FencedError(Exception):
    """The stored position was moved by another worker, so the batch must not be applied here."""


class HandlerFailedError(Exception):
    """A handler could not finish a batch; its cause says why."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        super().__init__(
            f"Topic {batch.topic} partition {batch.partition}: the batch of offsets "
            f"{batch.first_offset} to {batch.next_offset - 1} was not processed."
        )


def deliver_to(
    consumer: Callable[[], BatchConsumer], handle: Handler
) -> Callable[[StreamT[Any]], Awaitable[None]]:
    """Make the agent function that hands every current batch of a stream to `handle`."""

    async def deliver(stream: StreamT[Any]) -> None:
        # Faust would acknowledge an event whose handler raised.
        async for event in cast(Stream[Fetched], stream).noack().events():
            try:
                await _deliver_one(consumer(), handle, event.value)
            finally:
                await stream.ack(event)

    return deliver


async def _deliver_one(consumer: BatchConsumer, handle: Handler, fetched: Fetched) -> None:
    if not consumer.is_current(fetched):
        return
    batch = fetched.batch
    try:
        await handle(batch)
    except FencedError:
        await _reload(consumer, batch)
    except Exception as error:
        raise HandlerFailedError(batch) from error
    else:
        consumer.finish(batch)


async def _reload(consumer: BatchConsumer, batch: Batch) -> None:
    logger.warning(
        "Topic %s partition %d: another worker has moved the position from %d; reading it again.",
        batch.topic,
        batch.partition,
        batch.first_offset,
    )
    await asyncio.sleep(PAUSE_AFTER_FENCE_SECONDS)
    await consumer.reload(TP(batch.topic, batch.partition))
