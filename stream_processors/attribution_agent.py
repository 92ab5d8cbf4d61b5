"""The attribution agent: one pure call and one transaction per batch of the topic `events`."""

import asyncio
import logging
import time
from collections.abc import Callable
from uuid import UUID

from storage.batches import AloneInGateRequired, Applied, DecodedBatch, apply_batch
from storage.definitions import NOTHING_LOADED, ActiveDefinitions
from storage.offsets import FencedError as OffsetMoved
from storage.pool import RETRYABLE, Pool
from stream_processors.batch_observer import BatchObserver, BatchWatch, Unobserved
from stream_processors.batches import Batch
from stream_processors.dead_letters import DeadLetterWriter
from stream_processors.decoding import decode_batch
from stream_processors.delivery import FencedError

logger = logging.getLogger(__name__)

ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.02


class AttributionAgent:
    """Applies batches; keeps nothing between them but the definitions it has loaded."""

    def __init__(
        self,
        pool: Pool,
        topic_id: Callable[[str], UUID],
        dead_letters: DeadLetterWriter,
        observer: BatchObserver | None = None,
    ) -> None:
        self._pool = pool
        self._topic_id = topic_id
        self._dead_letters = dead_letters
        self._observer = observer or Unobserved()
        self._known: ActiveDefinitions = NOTHING_LOADED

    async def handle(self, batch: Batch) -> None:
        """Apply one batch, or raise: FencedError where the partition is no longer this worker's."""
        with self._observer.watch(batch) as watch:
            await self._handle(batch, watch)

    async def _handle(self, batch: Batch, watch: BatchWatch) -> None:
        started = time.perf_counter()
        with watch.stage("decode"):
            decoded = decode_batch(batch, self._topic_id(batch.topic))
        # Before the transaction: a crash in between repeats the letters, it never loses one.
        await self._dead_letters.write(decoded)
        try:
            applied = await self._apply(decoded, watch)
        except OffsetMoved as moved:
            raise FencedError(str(moved)) from moved
        self._known = applied.definitions
        watch.applied(
            accepted=applied.accepted, duplicates=applied.duplicates, refused=decoded.refused
        )
        _log(batch, applied, time.perf_counter() - started)

    async def _apply(self, batch: DecodedBatch, watch: BatchWatch) -> Applied:
        alone = False
        for attempt in range(ATTEMPTS):
            try:
                with watch.stage("transaction"):
                    return await self._apply_once(batch, alone=alone)
            except AloneInGateRequired as required:
                watch.retried(required)
                alone = True
            except RETRYABLE as error:
                watch.retried(error)
                logger.warning("action=retry partition=%d cause=%s", batch.partition, error)
                await asyncio.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
        with watch.stage("transaction"):
            return await self._apply_once(batch, alone=alone)

    async def _apply_once(self, batch: DecodedBatch, *, alone: bool) -> Applied:
        async with self._pool.connection() as connection:
            return await apply_batch(connection, batch, self._known, alone=alone)


def _log(batch: Batch, applied: Applied, seconds: float) -> None:
    logger.debug(
        "action=applied topic=%s partition=%d next_offset=%d accepted=%d duplicates=%d refused=%d "
        "milliseconds=%.1f",
        batch.topic,
        batch.partition,
        batch.next_offset,
        applied.accepted,
        applied.duplicates,
        applied.refused,
        seconds * 1000,
    )
