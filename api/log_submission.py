"""Hands one partition's part of a request to the producer, in its order."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer

from api.log_batches import Record

BATCH_BYTES = 512 * 1024
"""Well below the 1 MiB that a broker takes by default (message.max.bytes)."""
FEW = 8
"""Up to so many records join the batch that other requests write to as well: a batch of its own
for each would make every request wait for a round trip of its own."""


Watch = Callable[[asyncio.Future[Any], int], None]
"""Is told of a future and of the bytes that are held until it is done."""


RecordHeaders = Sequence[tuple[str, bytes]]


@dataclass(slots=True)
class Submission:
    """The records at `positions`, bound for one partition; `futures` say what became of them.

    The first record carries `headers`.
    """

    topic: str
    partition: int
    positions: Sequence[int]
    records: Sequence[Record]
    headers: RecordHeaders | None = None
    futures: dict[asyncio.Future[Any], Sequence[int]] = field(default_factory=dict)

    def unacknowledged(self) -> set[int]:
        """Return the positions that the log has not acknowledged so far."""
        left = set(self.positions)
        for future, positions in self.futures.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                left.difference_update(positions)
        return left


async def submit(producer: AIOKafkaProducer, submission: Submission, watch: Watch) -> None:
    """Give the records to the producer; whatever it takes is watched from that moment on."""
    if len(submission.positions) <= FEW:
        await _one_by_one(producer, submission, watch)
    else:
        await _in_batches(producer, submission, watch)


async def _one_by_one(producer: AIOKafkaProducer, submission: Submission, watch: Watch) -> None:
    headers = submission.headers
    for position in submission.positions:
        record = submission.records[position]
        future = await producer.send(
            submission.topic,
            record.value,
            record.key,
            partition=submission.partition,
            headers=headers,
        )
        headers = None
        submission.futures[future] = (position,)
        watch(future, len(record.key) + len(record.value))


async def _in_batches(producer: AIOKafkaProducer, submission: Submission, watch: Watch) -> None:
    start = 0
    while start < len(submission.positions):
        batch = producer.create_batch()
        end = _fill(batch, submission, start)
        size = batch.size()
        future = await producer.send_batch(batch, submission.topic, partition=submission.partition)
        submission.futures[future] = submission.positions[start:end]
        watch(future, size)
        start = end


def _fill(batch: Any, submission: Submission, start: int) -> int:
    """Append records from `start` on until the batch is full; return where it ended."""
    headers = submission.headers if start == 0 else None
    for end in range(start, len(submission.positions)):
        record = submission.records[submission.positions[end]]
        added = batch.append(timestamp=None, key=record.key, value=record.value, headers=headers)
        if added is None:
            return end
        headers = None
    batch.close()
    return len(submission.positions)
