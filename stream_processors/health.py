"""Whether the worker can do its work, and does it: database, partitions, and how far it is behind.

What is said names no address and no user: everybody may ask.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from storage.pool import UNREACHABLE, Pool
from storage.readiness import database_trouble
from stream_processors.app import StreamApp
from stream_processors.offsets import OffsetTable

ANSWER_SECONDS = 3.0


class Readiness(msgspec.Struct, frozen=True):
    """What is wrong, by part; and the records that wait, None where that is not known."""

    trouble: Mapping[str, str]
    lag: int | None

    @property
    def is_ready(self) -> bool:
        """Whether nothing is wrong."""
        return not self.trouble


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """Asks anew each time; `lag_limit` is the number of records that may wait."""

    pool: Pool
    database: str
    app: StreamApp
    offsets: OffsetTable
    lag_limit: int

    async def readiness(self) -> Readiness:
        """Look at the database, the partitions and the records that wait in them."""
        trouble: dict[str, str] = {}
        lag: int | None = None
        database = await database_trouble(self.pool.connection, self.database)
        if database is not None:
            trouble["postgresql"] = database
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                lag = await self._lag()
        except (KafkaError, TimeoutError):
            trouble["kafka"] = "Kafka does not answer"
        except ConsumerNotStarted:
            trouble["partitions"] = "the worker has not joined its group yet"
        except UNREACHABLE:
            trouble["postgresql"] = "PostgreSQL does not answer"
        else:
            trouble |= self._trouble_of(lag)
        return Readiness(trouble, lag)

    def _trouble_of(self, lag: int | None) -> Mapping[str, str]:
        if lag is None:
            return {"partitions": "no partition is assigned to the worker"}
        if lag > self.lag_limit:
            return {"lag": f"{lag} records wait, {self.lag_limit} may"}
        return {}

    async def _lag(self) -> int | None:
        lags = await self.lags()
        return sum(lags.values()) if lags else None

    async def lags(self) -> Mapping[TP, int]:
        """Return how many records of each assigned partition are not stored.

        Raises ConsumerNotStarted, KafkaError and what UNREACHABLE names.
        """
        if not (self.app.started and self.offsets.is_known):
            raise ConsumerNotStarted
        consumer = self.app.batch_consumer()
        assigned: set[TP] = set(consumer.assignment())
        if not assigned:
            return {}
        stored = await self.offsets.stored(assigned)
        ends = await consumer.highwaters(*assigned)
        unread = [partition for partition, offset in stored.items() if offset is None]
        starts = await consumer.earliest_offsets(*unread) if unread else {}
        return {p: max(0, ends[p] - (starts[p] if at is None else at)) for p, at in stored.items()}
