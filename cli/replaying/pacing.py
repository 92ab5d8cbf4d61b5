"""Holds events back so that no more than a chosen number leaves per second."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class Pace:
    """A rate over the whole run: after a pause it does not rush to make up for lost time."""

    def __init__(
        self,
        per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._per_second = per_second
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    async def wait_for(self, events: int) -> None:
        """Return when this many more events may leave."""
        if self._per_second is None:
            return
        now = self._clock()
        if self._free_at > now:
            await self._sleep(self._free_at - now)
        self._free_at = max(self._free_at, now) + events / self._per_second

    def batch_size(self, largest: int) -> int:
        """Return a size that leaves at least ten times a second, so that a low rate is even."""
        if self._per_second is None:
            return largest
        return max(1, min(largest, int(self._per_second / 10)))
