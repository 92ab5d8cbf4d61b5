"""Batches, their order, their pace: the position moves over answered batches only."""

import asyncio
from collections.abc import Sequence

import pytest

from cli.replaying.delivery import BATCH_EVENTS, ON_THEIR_WAY, deliver
from cli.replaying.pacing import Pace
from cli.replaying.targets import Answer, TargetError

EVENTS = [str(number).encode() for number in range(2_250)]


class SlowestFirst:
    """A target whose later batches are answered before the earlier ones; may fail at one."""

    name = "slowest-first"

    def __init__(self, failing: int | None = None) -> None:
        self.batches: list[Sequence[bytes]] = []
        self.most_at_a_time = 0
        self._open = 0
        self._failing = failing

    async def send(self, batch: Sequence[bytes]) -> Answer:
        number = len(self.batches)
        self.batches.append(batch)
        self._open += 1
        self.most_at_a_time = max(self.most_at_a_time, self._open)
        await asyncio.sleep(0.02 / (1 + number))
        self._open -= 1
        if number == self._failing:
            raise TargetError("no more")
        return Answer(len(batch))


def test_every_event_is_delivered_once_a_few_batches_at_a_time() -> None:
    target = SlowestFirst()
    answered: list[int] = []

    asyncio.run(deliver(iter(EVENTS), target, lambda size, _answer: answered.append(size)))

    assert [event for batch in target.batches for event in batch] == EVENTS
    assert answered == [BATCH_EVENTS] * 4 + [250]
    assert target.most_at_a_time == ON_THEIR_WAY


def test_a_batch_behind_a_failed_one_is_not_counted_though_it_was_taken() -> None:
    target = SlowestFirst(failing=1)
    answered: list[int] = []

    with pytest.raises(TargetError, match="no more"):
        asyncio.run(deliver(iter(EVENTS), target, lambda size, _answer: answered.append(size)))

    assert answered == [BATCH_EVENTS]
    assert len(target.batches) > 2


def test_a_rate_is_kept_evenly() -> None:
    now = 0.0

    async def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds

    pace = Pace(500, clock=lambda: now, sleep=pass_time)
    asyncio.run(deliver(iter(EVENTS), SlowestFirst(), lambda *_: None, pace))

    assert pace.batch_size(BATCH_EVENTS) == 50
    assert now == pytest.approx((len(EVENTS) - 50) / 500)


def test_after_a_pause_a_rate_is_not_exceeded_to_catch_up() -> None:
    now = 0.0
    slept: list[float] = []

    async def pass_time(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    async def scenario() -> None:
        nonlocal now
        pace = Pace(10, clock=lambda: now, sleep=pass_time)
        await pace.wait_for(10)
        now += 60
        await pace.wait_for(10)
        await pace.wait_for(10)

    asyncio.run(scenario())

    assert slept == [pytest.approx(1.0)]
