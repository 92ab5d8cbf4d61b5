"""Builds new definitions beside the stream, a step of bounded time at a time, until cancelled."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from storage.builds import BuildStep, build_step, complete_build
from storage.notices import notify_readings
from storage.pool import RETRYABLE, Pool

logger = logging.getLogger(__name__)

IDLE_SECONDS = 0.25
STEP_SECONDS = 0.1
"""How long a step should take: a batch waits that long for a home that is being evaluated."""
FEWEST_EVENTS = 100
MOST_EVENTS = 50_000
"""A step is measured by the exposing events that it looks at."""


class BuildObserver(Protocol):
    """Is told of every step."""

    def stepped(self, step: BuildStep) -> None:
        """Note what a step came to."""

    def retried(self, cause: Exception) -> None:
        """Note that a step is done again, and why."""


async def build_definitions(
    pool: Pool, now: Callable[[], datetime], observer: BuildObserver | None = None
) -> None:
    """Take up whatever has to be built, for ever; several workers share the work by definition."""
    limit = FEWEST_EVENTS
    while True:
        started = time.monotonic()
        try:
            step = await _step(pool, now, limit)
        except RETRYABLE as error:
            logger.warning("action=retry_build cause=%s", error)
            step = None
            if observer is not None:
                observer.retried(error)
        if step is not None:
            limit = next_limit(limit, time.monotonic() - started)
            if observer is not None:
                observer.stepped(step)
        # A step is a burst of work in this process: let waiting batches go first.
        await asyncio.sleep(IDLE_SECONDS if step is None else 0)


def next_limit(limit: int, seconds: float) -> int:
    """Return by how many events to measure the next step, after one that took so long.

    It grows slowly and shrinks at once: homes come in no order of how much there is to read.
    """
    wanted = limit * STEP_SECONDS / max(seconds, 1e-6)
    return max(FEWEST_EVENTS, min(MOST_EVENTS, 2 * limit, int(wanted)))


async def _step(pool: Pool, now: Callable[[], datetime], limit: int) -> BuildStep | None:
    async with pool.connection() as connection:
        step = await build_step(connection, limit=limit)
    if step is None:
        return None
    if step.is_last:
        async with pool.connection() as connection:
            completed = await complete_build(connection, step.definition_id, at=now())
        logger.info(
            "action=built experiment=%s definition=%d completed=%s",
            step.experiment,
            step.definition_id,
            completed,
        )
    async with pool.connection() as connection:
        await notify_readings(connection, [step.experiment])
    return step
