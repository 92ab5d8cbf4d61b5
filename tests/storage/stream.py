"""Drives batches into PostgreSQL as the worker does, without a broker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from aiokafka.partitioner import murmur2

from schemas.events import Event
from schemas.resources import ExperimentDraft, MetricDraft
from storage.batches import AloneInGateRequired, Applied, DecodedBatch, LogEvent, apply_batch
from storage.builds import build_step, complete_build
from storage.definitions import NOTHING_LOADED, ActiveDefinitions
from storage.offsets import next_offsets, open_partition
from storage.pool import Connection
from storage.readings import ExperimentTotals, load_totals
from storage.registry import add_experiment, add_metric, start_experiment

TOPIC_ID = UUID("6f1f4b0e-6a3c-4d9e-9c57-1d2f3a4b5c6d")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def partition_of(key: bytes, partitions: int) -> int:
    return (murmur2(key) & 0x7FFFFFFF) % partitions


@dataclass
class Log:
    """A partitioned log in memory; each `deliver` is one batch of one partition."""

    partitions: int = 2
    offsets: dict[int, int] = field(default_factory=dict)
    known: ActiveDefinitions = NOTHING_LOADED

    async def deliver(
        self, connection: Connection, events: Sequence[Event], *, keyed_by: bytes | None = None
    ) -> list[Applied]:
        by_partition: dict[int, list[LogEvent]] = {}
        for event in events:
            key = keyed_by or (event.account or f"contact:{event.contact}").encode()
            sent = LogEvent(event, key, event.time_us)
            by_partition.setdefault(partition_of(key, self.partitions), []).append(sent)
        return [await self._one(connection, p, sent) for p, sent in by_partition.items()]

    async def _one(
        self, connection: Connection, partition: int, sent: Sequence[LogEvent]
    ) -> Applied:
        first = self.offsets.get(partition, 0)
        batch = DecodedBatch(TOPIC_ID, "events", partition, first, first + len(sent), sent, ())
        async with connection.transaction():
            await open_partition(connection, TOPIC_ID, "events", partition, 0)
        applied = await apply(connection, batch, self.known)
        self.known = applied.definitions
        self.offsets[partition] = batch.next_offset
        return applied


async def apply(connection: Connection, batch: DecodedBatch, known: ActiveDefinitions) -> Applied:
    """Apply one batch as the agent does: together first, alone where that is asked for."""
    try:
        async with connection.transaction():
            return await apply_batch(connection, batch, known, alone=False)
    except AloneInGateRequired:
        async with connection.transaction():
            return await apply_batch(connection, batch, known, alone=True)


async def register(
    connection: Connection, metrics: Sequence[MetricDraft], experiment: ExperimentDraft
) -> None:
    async with connection.transaction():
        for metric in metrics:
            await add_metric(connection, metric, at=NOW)
        await add_experiment(connection, experiment, at=NOW)
    async with connection.transaction():
        await start_experiment(connection, experiment.key, at=NOW, reporting_currency="EUR")


async def build_all(connection: Connection, *, limit: int = 2) -> int:
    """Build every definition to its end; returns the number of steps."""
    steps = 0
    while True:
        async with connection.transaction():
            step = await build_step(connection, limit=limit)
        if step is None:
            return steps
        steps += 1
        if step.is_last:
            async with connection.transaction():
                assert await complete_build(connection, step.definition_id, at=NOW)


async def totals(connection: Connection, key: str) -> ExperimentTotals:
    async with connection.transaction():
        found = await load_totals(connection, key)
    assert found is not None
    return found


async def stored_offsets(connection: Connection) -> dict[int, int]:
    async with connection.transaction():
        found = await next_offsets(connection, [TOPIC_ID])
    return {partition: offset for (_, partition), offset in found.items()}
