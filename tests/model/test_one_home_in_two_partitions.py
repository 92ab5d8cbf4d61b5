"""One home's events stand in two partitions, at work in two transactions at once.

That happens when partitions are added to a topic and keys move, and when a topic is made again
while a batch of the old one is still being applied. The fence of a partition says nothing then.
"""

from collections.abc import Sequence
from uuid import UUID

import pytest

from schemas.events import Event
from storage.batches import DecodedBatch, LogEvent, apply_batch
from storage.definitions import NOTHING_LOADED
from storage.offsets import FencedError
from storage.pool import Connection
from tests.model.beside import apply_anew, apply_while_open, on_two
from tests.storage.stream import TOPIC_ID, build_all, register
from tests.storage.test_batches import HOUR, LEADS, T0, TEST, exposure, lead, leads_by_variant
from tests.storage.test_verification import verified

OTHER_TOPIC_ID = UUID("0b8ee0ad-2d3c-4c55-8f0e-6a1f7b5b8c11")

EXPOSED = exposure(1, "b", account="acme")
FIRST_LEAD, SECOND_LEAD = lead(1, account="acme"), lead(2, account="acme")


def batch_of(
    events: Sequence[Event], partition: int, *, first: int = 0, topic_id: UUID = TOPIC_ID
) -> DecodedBatch:
    sent = [LogEvent(event, (event.account or "").encode(), T0 + HOUR) for event in events]
    return DecodedBatch(topic_id, "events", partition, first, first + len(sent), sent, ())


@pytest.mark.parametrize(
    ("before", "first", "second"),
    [
        ([EXPOSED], [FIRST_LEAD], [SECOND_LEAD]),
        ([], [EXPOSED, FIRST_LEAD], [SECOND_LEAD]),
        ([lead(9, hours=-1, account="acme")], [EXPOSED], [FIRST_LEAD]),
        ([lead(9, hours=-1, account="acme")], [FIRST_LEAD], [EXPOSED]),
    ],
    ids=[
        "two outcomes of one unit",
        "a home that is new to both",
        "an outcome while its unit is exposed",
        "an exposure while an outcome comes",
    ],
)
@pytest.mark.parametrize(
    ("partition", "topic_id"),
    [(4, TOPIC_ID), (0, OTHER_TOPIC_ID)],
    ids=["partition added", "topic made again"],
)
def test_batches_that_share_a_home_come_to_a_recomputation(
    database: str,
    before: list[Event],
    first: list[Event],
    second: list[Event],
    partition: int,
    topic_id: UUID,
) -> None:
    async def body(one: Connection, other: Connection) -> None:
        await register(one, [LEADS], TEST)
        await build_all(one)
        start = batch_of(before, 0)
        await apply_anew(one, start)

        await apply_while_open(
            (one, other),
            batch_of(first, 0, first=start.next_offset),
            batch_of(second, partition, topic_id=topic_id),
        )

        expected = len({FIRST_LEAD.id, SECOND_LEAD.id} & {e.id for e in [*first, *second]})
        assert await leads_by_variant(one, "subject-line") == {1: (1, expected)}
        assert (await verified(one)).differences == []

    on_two(database, body)


def test_a_batch_that_finds_its_partition_unopened_is_fenced(database: str) -> None:
    """So it is when a crash forgot the first commit, or the batch is of a topic made again."""

    async def body(one: Connection, other: Connection) -> None:
        with pytest.raises(FencedError):
            async with one.transaction():
                await apply_batch(
                    one, batch_of([FIRST_LEAD], 0, first=10), NOTHING_LOADED, alone=False
                )

    on_two(database, body)
