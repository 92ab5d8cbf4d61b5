"""Lets readings take turns: however many experiments are watched, the rest of the API has its time.

A few are made at once, and each is followed by a rest of its own length, so all of them together
keep one core busy at most and leave connections to PostgreSQL to others.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 2
REST_PER_COST = 1.0


class Turn:
    """One turn; `seconds` says afterwards how long it took, without the wait for it."""

    seconds = 0.0


class ReadingTurns:
    """Turns in the order in which they were asked for."""

    def __init__(self, *, at_once: int = AT_ONCE, rest_per_cost: float = REST_PER_COST) -> None:
        """Take how many readings are made at once, and how long each is rested after."""
        self._free = asyncio.Semaphore(at_once)
        self._rest_per_cost = rest_per_cost

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Wait for a turn and have it for the length of a block; nobody waits for the rest."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        turn, began = Turn(), loop.time()
        try:
            yield turn
        finally:
            turn.seconds = loop.time() - began
            loop.call_later(self._rest_per_cost * turn.seconds, self._free.release)
