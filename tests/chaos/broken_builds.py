"""Workers with one promise taken out, to see that a run notices: patches, no switches.

Each build comes with the kind of fault that shows what it breaks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

from psycopg import sql

from storage.pool import Connection


@dataclass(frozen=True, slots=True)
class Build:
    """How to break a process, and the kind of fault by which it shows."""

    patch: Callable[[], None]
    shown_by: str


def apply(name: str) -> None:
    """Break this process in the way that the name says; not at all for an empty one."""
    if name:
        BUILDS[name].patch()


def commit_offset_first() -> None:
    """Move the offset in a transaction of its own, before that of the batch."""
    from storage import batches  # noqa: PLC0415 - only a broken process needs them
    from stream_processors.attribution_agent import AttributionAgent  # noqa: PLC0415

    numbers: dict[tuple[object, int], int] = {}
    fence, apply_in_one = batches.fence, AttributionAgent._apply

    async def moved_before(_connection: object, batch: batches.DecodedBatch) -> int:
        return numbers[batch.topic_id, batch.partition]

    async def apply_in_two(
        agent: AttributionAgent, batch: batches.DecodedBatch, *more: Any
    ) -> batches.Applied:
        async with agent._pool.connection() as connection:
            numbers[batch.topic_id, batch.partition] = await fence(connection, batch)
        return await apply_in_one(agent, batch, *more)

    _replace(batches, "fence", moved_before)
    _replace(AttributionAgent, "_apply", apply_in_two)


def no_fence() -> None:
    """Move the offset wherever it stands, even if another worker has moved it on."""
    from storage import batches  # noqa: PLC0415
    from storage.offsets import FencedError  # noqa: PLC0415

    moving = sql.SQL(
        "UPDATE partition_offsets SET next_offset = {}"
        " WHERE topic_id = {} AND partition = {} RETURNING number"
    )

    async def move(
        connection: Connection,
        topic_id: object,
        topic: str,
        partition: int,
        *,
        expected: int,
        next_offset: int,
    ) -> int:
        moved = moving.format(next_offset, topic_id, partition)
        row = await (await connection.execute(moved)).fetchone()
        if row is None:  # it was never read, and has no row yet
            raise FencedError(topic, partition, expected)
        return int(row[0])

    _replace(batches, "advance_offset", move)


def no_dedupe() -> None:
    """Take every event for new, also one that is stored already."""
    from storage import batches, event_names, events  # noqa: PLC0415

    take_names = event_names.take_names

    async def take(connection: Connection, names: Sequence[Any]) -> Sequence[Any]:
        await take_names(connection, names)
        return names

    async def all_of(_connection: object, sent: Sequence[Any]) -> list[Any]:
        return list(sent)

    _replace(events, "take_names", take)
    _replace(batches, "_not_stored", all_of)
    _replace(batches, "_distinct", list)


def _replace(owner: object, name: str, by: object) -> None:
    mock.patch.object(owner, name, by).start()  # refuses a name that is not there


BUILDS: Mapping[str, Build] = {
    "commit-offset-first": Build(commit_offset_first, "worker killed in a batch"),
    "no-fence": Build(no_fence, "worker frozen in a batch"),
    "no-dedupe": Build(no_dedupe, "events doubled"),
}
