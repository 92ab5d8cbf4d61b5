"""Keeps the newest reading of one experiment and wakes all who wait for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from api.database import DatabaseUnreachableError
from api.reading_turns import ReadingTurns
from api.snapshots import Snapshot
from storage.pool import UNREACHABLE

SHORTEST_PAUSE = 0.2
"""Five readings a second are more than an eye can follow."""
PAUSE_PER_COST = 3
"""A reading that takes long to make is made less often: a quarter of the time at most."""
LONGEST_PAUSE = 60.0
"""Windows pass and days end without an event: a reading changes by itself."""
RETRY_SECONDS = 1.0

_LOG = logging.getLogger(__name__)


class Channel:
    """One experiment that is watched; `number` counts its readings."""

    def __init__(
        self, key: str, take: Callable[[], Awaitable[Snapshot]], turns: ReadingTurns
    ) -> None:
        """Take how a reading is made, and where it waits for its turn; begins at once."""
        self.key = key
        self.followers = 0
        self.number = 0
        self.snapshot: Snapshot | None = None
        self._take = take
        self._turns = turns
        self._changed = asyncio.Event()
        self._newer = asyncio.Event()
        self._task = asyncio.create_task(self._keep_current())
        self._task.add_done_callback(self._end)

    def note_change(self) -> None:
        """Make a new reading soon."""
        self._changed.set()

    async def newer_than(self, number: int) -> None:
        """Wait for a later reading, or until woken. Raises what ended the channel."""
        if self.number <= number and not self.has_ended:
            await self._newer.wait()
        if self.number <= number and self.has_ended:
            self._task.result()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        waiting, self._newer = self._newer, asyncio.Event()
        waiting.set()

    @property
    def has_ended(self) -> bool:
        """Whether no further reading will come."""
        return self._task.done()

    def stop(self) -> None:
        """Make no further reading."""
        self._task.cancel()

    async def _keep_current(self) -> None:
        while True:
            async with self._turns.turn() as turn:
                self._changed.clear()
                snapshot = await self._read()
            await self._show(snapshot)
            await asyncio.sleep(max(SHORTEST_PAUSE, PAUSE_PER_COST * turn.seconds))
            await self._wait_for_change()

    async def _read(self) -> Snapshot | None:
        try:
            return await self._take()
        except (DatabaseUnreachableError, *UNREACHABLE) as error:
            _LOG.warning("%s cannot be read at the moment: %r", self.key, error)
            return None

    async def _show(self, snapshot: Snapshot | None) -> None:
        if snapshot is None:
            await asyncio.sleep(RETRY_SECONDS)
            self._changed.set()
        elif self.snapshot is None or snapshot.tag != self.snapshot.tag:
            self.snapshot = snapshot
            self.number += 1
            self.wake()

    def _end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # whoever waits is told; if nobody does, nobody needs to be
        self.wake()

    async def _wait_for_change(self) -> None:
        try:
            async with asyncio.timeout(LONGEST_PAUSE):
                await self._changed.wait()
        except TimeoutError:
            pass
