"""Watches the readings of all experiments and the sources of events, and records what is new.

Readings change with data, which is announced, and with time, which is not: so changed experiments
are read soon and all of them now and then. Reading takes at most a quarter of the time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from api.database import Database, DatabaseUnreachableError
from api.insight_changes import (
    OF_THE_CLOCK,
    Seen,
    changed_alarms,
    changed_standing,
    changed_statuses,
    seen_in,
)
from api.problems import ProblemError
from api.reading_schedule import ReadingSchedule
from api.snapshots import take_snapshot
from api.source_silence import changed_silence
from schemas.insights import Alarm
from storage.event_sources import event_sources, note_event_sources
from storage.notices import changed_readings
from storage.outbox import forget_insights, lock_subject, record
from storage.passing import PASSING
from storage.pool import Connection
from storage.registry import UnknownExperimentError
from storage.told import (
    ToldPair,
    end_alarm,
    experiments_to_watch,
    raise_alarm,
    standing_alarms,
    tell_standing,
    tell_status,
    told_standing,
    told_statuses,
)
from storage.webhooks import delete_expired_secrets

PAUSE_SECONDS = 30.0
SWEEP_SECONDS = 300.0
IDLE_SECONDS = 0.5
PAUSE_PER_COST = 3
WATCHED_AFTER_END = timedelta(days=740)
"""Longer than the longest window: after it no outcome is open."""
KEPT = timedelta(days=90)
"""As long as the topic keeps them."""

_LOG = logging.getLogger(__name__)


class InsightWatch:
    """Records changes of statuses and alarms until cancelled."""

    def __init__(
        self,
        database: Database,
        *,
        pause: float = PAUSE_SECONDS,
        sweep: float = SWEEP_SECONDS,
    ) -> None:
        """Take where to read, and how many seconds pass between readings, of one and of all."""
        self._database = database
        self._sweep_seconds = sweep
        self._schedule = ReadingSchedule(pause=pause)
        self._told_of: dict[str, str] = {}

    async def run(self) -> None:
        """Watch for ever."""
        self._told_of.clear()  # another process may have told of more meanwhile
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._sweep())
            group.create_task(self._read())

    async def _listen(self) -> None:
        while True:
            await _while_reachable(self._hear)
            await asyncio.sleep(IDLE_SECONDS)

    async def _hear(self) -> None:
        async for key in changed_readings(self._database.conninfo):
            if key:
                self._schedule.note(key, _now())

    async def _sweep(self) -> None:
        while True:
            await _while_reachable(self._look_at_all)
            await asyncio.sleep(self._sweep_seconds)

    async def _look_at_all(self) -> None:
        at = datetime.now(UTC)
        async with self._database.connection() as connection:
            keys = await experiments_to_watch(connection, over_since=at - WATCHED_AFTER_END)
            await forget_insights(connection, before=at - KEPT)
            await delete_expired_secrets(connection, at=at)
        async with self._database.connection() as connection:
            await record_silence(connection, at=at)
        self._schedule.keep_only(set(keys))
        for key in keys:
            self._schedule.note(key, _now())

    async def _read(self) -> None:
        while True:
            began = _now()
            key = self._schedule.take(began)
            if key is None:
                await asyncio.sleep(IDLE_SECONDS)
                continue
            await self._read_one_alone(key)
            await asyncio.sleep(PAUSE_PER_COST * (_now() - began))

    async def _read_one_alone(self, key: str) -> None:
        try:
            await _while_reachable(partial(self._read_one, key))
        except Exception:  # noqa: BLE001 - one that cannot be read keeps nobody from all others
            _LOG.exception("Insights about %s cannot be made", key)

    async def _read_one(self, key: str) -> None:
        try:
            snapshot = await take_snapshot(self._database, key)
        except (UnknownExperimentError, ProblemError):
            return  # it is no longer there, or not counted yet
        if self._told_of.get(key) == snapshot.tag:
            return
        seen = seen_in(await snapshot.whole("en"))
        # Before all of history is counted, a status says how far counting is, not what was found.
        if seen.backfill.complete:
            async with self._database.connection() as connection:
                await record_changes(connection, seen, at=datetime.now(UTC))
        self._told_of[key] = snapshot.tag


async def record_changes(connection: Connection, seen: Seen, *, at: datetime) -> None:
    """Record what is new about an experiment. Runs inside the caller's transaction.

    Whoever else does the same waits, and then finds nothing new.
    """
    key = seen.experiment.key
    subject = f"experiment/{key}"
    await lock_subject(connection, subject)
    for step in changed_standing(seen, await told_standing(connection, key)):
        await record(connection, step, at=at)
    if seen.experiment.status in OF_THE_CLOCK:
        await tell_standing(connection, key, seen.experiment.status, at=at)
    for change in changed_statuses(seen, await told_statuses(connection, key)):
        await record(connection, change, at=at)
        pair = ToldPair(change.metric, change.baseline, change.variant)
        await tell_status(connection, key, pair, change.status, at=at)
    for alarm in changed_alarms(seen, await standing_alarms(connection, subject)):
        await _record_alarm(connection, alarm, at=at)


async def record_silence(connection: Connection, *, at: datetime) -> None:
    """Record which sources of events fell silent or are heard of again."""
    await lock_subject(connection, "sources")
    await note_event_sources(connection, at=at)
    for alarm in changed_silence(await event_sources(connection), now=at):
        await _record_alarm(connection, alarm, at=at)


async def _record_alarm(connection: Connection, alarm: Alarm, *, at: datetime) -> None:
    await record(connection, alarm, at=at)
    if alarm.state == "raised":
        await raise_alarm(connection, alarm.subject, alarm.alarm, at=at)
    else:
        await end_alarm(connection, alarm.subject, alarm.alarm)


async def _while_reachable(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except (DatabaseUnreachableError, *PASSING) as error:
        _LOG.warning("Insights wait for PostgreSQL: %r", error)


def _now() -> float:
    return asyncio.get_running_loop().time()
