"""Delivers events in batches, a few on their way at a time, and tells how far they got.

The position only moves over batches that were answered, in order: a kill at any moment repeats some
events, which adds nothing, and loses none.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from cli.replaying.pacing import Pace
from cli.replaying.targets import Answer, Target

BATCH_EVENTS = 500
ON_THEIR_WAY = 4

OnAnswer = Callable[[int, Answer], None]
"""Called in order of delivery with the size of a batch and what became of it."""


async def deliver(
    events: Iterator[bytes], target: Target, on_answer: OnAnswer, pace: Pace | None = None
) -> None:
    """Send every event; raises what the target raises, after stopping what is on its way."""
    pace = pace or Pace(None)
    size = pace.batch_size(BATCH_EVENTS)
    waiting: deque[tuple[int, asyncio.Task[Answer]]] = deque()
    try:
        while batch := list(islice(events, size)):
            await pace.wait_for(len(batch))
            waiting.append((len(batch), asyncio.create_task(target.send(batch))))
            # Making rows into events must not keep the requests from leaving.
            await asyncio.sleep(0)
            if len(waiting) >= ON_THEIR_WAY:
                await _settle(waiting, on_answer)
        while waiting:
            await _settle(waiting, on_answer)
    finally:
        await _stop([task for _, task in waiting])


async def _settle(waiting: deque[tuple[int, asyncio.Task[Answer]]], on_answer: OnAnswer) -> None:
    size, task = waiting[0]
    answer = await task
    waiting.popleft()
    on_answer(size, answer)


async def _stop(tasks: Sequence[asyncio.Task[Answer]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
