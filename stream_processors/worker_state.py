"""What a worker looks up whenever its metrics are asked for: lag, partitions, builds, size.

What cannot be found out is taken out of the metrics and called unknown: an old figure would look
like one of now.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import nan

from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from prometheus_client import CollectorRegistry

from observability.exposition import exposition
from observability.plain_http import Answer
from storage.condition import Condition, condition
from storage.pool import UNREACHABLE, Pool
from stream_processors.health import WorkerHealth
from stream_processors.worker_metrics import WorkerMetrics

LOOK_SECONDS = 3.0
UNKNOWABLE = (TimeoutError, KafkaError, ConsumerNotStarted, *UNREACHABLE)


@dataclass(frozen=True, slots=True)
class WorkerState:
    """Looks anew each time it is asked."""

    metrics: WorkerMetrics
    registry: CollectorRegistry
    health: WorkerHealth
    pool: Pool
    topics: tuple[str, ...]

    async def exposition(self) -> Answer:
        """Return all metrics, the state as it is now among them."""
        await asyncio.gather(
            self._look("lag", self._note_lags, self._forget_lags),
            self._look("database", self._note_condition, self._forget_condition),
        )
        return exposition(self.registry)

    async def _look(
        self, part: str, note: Callable[[], Awaitable[None]], forget: Callable[[], None]
    ) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await note()
        except UNKNOWABLE:
            forget()
            self.metrics.unknown.labels(part).set(1)
        else:
            self.metrics.unknown.labels(part).set(0)

    async def _note_lags(self) -> None:
        lags = await self.health.lags()
        assigned = Counter(partition.topic for partition in lags)
        self._forget_lags()
        for topic in self.topics:
            self.metrics.assigned.labels(topic).set(assigned[topic])
        for partition, lag in lags.items():
            self.metrics.lag.labels(partition.topic, partition.partition).set(lag)

    def _forget_lags(self) -> None:
        self.metrics.lag.clear()
        self.metrics.assigned.clear()

    async def _note_condition(self) -> None:
        async with self.pool.connection(LOOK_SECONDS) as connection:
            self._set_condition(await condition(connection))

    def _forget_condition(self) -> None:
        self._set_condition(Condition(nan, nan, nan))

    def _set_condition(self, found: Condition) -> None:
        self.metrics.builds_waiting.set(found.builds_waiting)
        self.metrics.oldest_build.set(found.oldest_build_seconds)
        self.metrics.database_bytes.set(found.database_bytes)
