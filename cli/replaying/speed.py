"""Delivers timed events as they come due, on a clock that runs faster than ours."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import groupby

from cli.replaying.delivery import OnAnswer, deliver
from cli.replaying.targets import Target

TICK_SECONDS = 0.05
"""Events due within one tick leave together: far below a second, and not a request for each."""

Timed = tuple[int, bytes]


async def deliver_at_speed(
    events: Iterable[Timed],
    target: Target,
    on_answer: OnAnswer,
    speed: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Send every event when `speed` times the time since the first one has passed.

    `events` come in the order of their moments, in microseconds. A target that is slower than the
    events delays them; none is left out.
    """
    started = clock()
    for due_seconds, batch in _ticks(events, speed):
        pause = started + due_seconds - clock()
        if pause > 0:
            await sleep(pause)
        await deliver(batch, target, on_answer)


def _ticks(events: Iterable[Timed], speed: float) -> Iterator[tuple[float, Iterator[bytes]]]:
    first: int | None = None

    def tick_of(event: Timed) -> int:
        nonlocal first
        first = event[0] if first is None else first
        return int((event[0] - first) / 1e6 / speed / TICK_SECONDS)

    for tick, group in groupby(events, key=tick_of):
        yield tick * TICK_SECONDS, (raw for _, raw in group)
