"""Builds new definitions beside the stream, a bounded step at a time, until it is cancelled."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from storage.builds import BuildStep, build_step, complete_build
from storage.notices import notify_readings
from storage.pool import RETRYABLE, Pool

logger = logging.getLogger(__name__)

HOMES_PER_STEP = 500
IDLE_SECONDS = 0.25


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
    while True:
        try:
            step = await _step(pool, now)
        except RETRYABLE as error:
            logger.warning("action=retry_build cause=%s", error)
            step = None
            if observer is not None:
                observer.retried(error)
        if observer is not None and step is not None:
            observer.stepped(step)
        # A step is a burst of work in this process: let waiting batches go first.
        await asyncio.sleep(IDLE_SECONDS if step is None else 0)


async def _step(pool: Pool, now: Callable[[], datetime]) -> BuildStep | None:
    async with pool.connection() as connection:
        step = await build_step(connection, limit=HOMES_PER_STEP)
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
