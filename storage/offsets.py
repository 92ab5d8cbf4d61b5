"""The place each partition has reached, moved in the transaction of the batch that it closes."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from storage.pool import Connection
from storage.statements import statement


class FencedError(Exception):
    """Another worker has moved this partition on: what this one holds of it is not its to write."""

    def __init__(self, topic: str, partition: int, expected: int) -> None:
        self.topic = topic
        self.partition = partition
        self.expected = expected
        super().__init__(f"{topic}[{partition}] no longer stands at offset {expected}")


async def next_offsets(
    connection: Connection, topic_ids: Sequence[UUID]
) -> dict[tuple[UUID, int], int]:
    """Return where each partition of these topics continues; absent where it was never read."""
    cursor = await connection.execute(statement("next_offsets"), {"topic_ids": list(topic_ids)})
    return {(topic_id, partition): offset async for topic_id, partition, offset in cursor}


async def open_partition(
    connection: Connection, topic_id: UUID, topic: str, partition: int, next_offset: int
) -> None:
    """Create the row of a partition that was never read. Safe to repeat."""
    await connection.execute(
        statement("open_partition"),
        {"topic_id": topic_id, "topic": topic, "partition": partition, "next_offset": next_offset},
    )


async def advance_offset(
    connection: Connection,
    topic_id: UUID,
    topic: str,
    partition: int,
    *,
    expected: int,
    next_offset: int,
) -> int:
    """Move the partition from `expected` to `next_offset`, or raise FencedError; return its number.

    The row stays locked until the transaction ends: a worker that lost the partition waits here
    and then finds it moved on.
    """
    cursor = await connection.execute(
        statement("advance_offset"),
        {
            "topic_id": topic_id,
            "partition": partition,
            "expected": expected,
            "next_offset": next_offset,
        },
    )
    row = await cursor.fetchone()
    if row is None:
        raise FencedError(topic, partition, expected)
    return int(row[0])


async def count_delivery(
    connection: Connection, topic_id: UUID, partition: int, counts: Mapping[str, int]
) -> None:
    """Add accepted, duplicates and refused to the partition's counters."""
    await connection.execute(
        statement("count_delivery"), {"topic_id": topic_id, "partition": partition, **counts}
    )
