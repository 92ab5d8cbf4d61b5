"""Keeps the readings that somebody watches current: one computation for all who watch.

PostgreSQL tells which experiments changed as a batch commits. Changes that come faster than they
can be shown become one reading; whoever is slow gets the newest and never a queue.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress

from api.database import Database, DatabaseUnreachableError
from api.live_channel import Channel
from api.problems import NOT_READY, ProblemError, retry_after
from api.reading_turns import ReadingTurns
from api.snapshots import Snapshot, take_snapshot
from storage.notices import changed_readings
from storage.pool import UNREACHABLE

RECONNECT_SECONDS = 1.0
RETRY_SECONDS = 5
FIRST_SECONDS = 10.0
"""How long who begins to watch waits for a reading, before it is told that there is none."""

_LOG = logging.getLogger(__name__)


class LiveReadings:
    """The channels of all experiments that are watched at the moment."""

    def __init__(self, database: Database, *, most_streams: int) -> None:
        """Take the database to read from, and how many may watch at a time."""
        self._database = database
        self._most_streams = most_streams
        self._streams = 0
        self._turns = ReadingTurns()
        self._channels: dict[str, Channel] = {}
        self._closing = asyncio.Event()

    async def run(self) -> None:
        """Listen for changes until cancelled."""
        while True:
            try:
                async for key in changed_readings(self._database.conninfo):
                    self._note_change(key)
            except UNREACHABLE as error:
                _LOG.warning("Changes of readings are not heard of at the moment: %r", error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def follow(self, key: str, *, heartbeat: float) -> AsyncGenerator[Snapshot | None, None]:
        """Yield the newest reading whenever there is a newer one, None where nothing happens.

        Raises what keeps the first reading from being made: UnknownExperimentError, ProblemError
        (503 where too many watch already), DatabaseUnreachableError.
        """
        channel = self._join(key)
        try:
            yield await _first(channel)
            seen = channel.number
            while not self._closing.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(heartbeat):
                        await channel.newer_than(seen)
                if self._closing.is_set():
                    return
                yield channel.snapshot if channel.number > seen else None
                seen = channel.number
        finally:
            self._leave(channel)

    def close(self) -> None:
        """End every stream: the API is about to end."""
        self._closing.set()
        for channel in self._channels.values():
            channel.wake()

    @property
    def watched(self) -> frozenset[str]:
        """The experiments that somebody watches."""
        return frozenset(self._channels)

    def _note_change(self, key: str) -> None:
        # An empty key: listening began anew, so anything may have been missed.
        for channel in self._channels.values():
            if key in {"", channel.key}:
                channel.note_change()

    def _join(self, key: str) -> Channel:
        if self._streams >= self._most_streams:
            raise ProblemError(
                NOT_READY,
                f"{self._most_streams} streams are open, and this is the most that there may be.",
                headers=retry_after(RETRY_SECONDS),
            )
        self._streams += 1
        channel = self._channels.get(key)
        if channel is None or channel.has_ended:
            channel = Channel(key, lambda: take_snapshot(self._database, key), self._turns)
            self._channels[key] = channel
        channel.followers += 1
        return channel

    def _leave(self, channel: Channel) -> None:
        self._streams -= 1
        channel.followers -= 1
        if channel.followers == 0:
            channel.stop()
            if self._channels.get(channel.key) is channel:
                del self._channels[channel.key]


async def _first(channel: Channel) -> Snapshot:
    try:
        async with asyncio.timeout(FIRST_SECONDS):
            await channel.newer_than(0)
    except TimeoutError:
        raise DatabaseUnreachableError from None
    if channel.snapshot is None:  # woken because the API ends
        raise DatabaseUnreachableError
    return channel.snapshot
