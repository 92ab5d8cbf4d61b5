"""Lets one process of the API watch and publish insights, and another go on where it ends."""

import asyncio
import logging

from api.database import Database
from api.insight_deadlines import watch_deadlines
from api.insight_publisher import publish_insights
from api.insight_settings import ReviewReminders
from api.insight_watch import InsightWatch
from api.log_writer import LogWriter
from storage.leadership import leadership
from storage.pool import UNREACHABLE

TASK = "insights"
RECONNECT_SECONDS = 1.0

_LOG = logging.getLogger(__name__)


async def lead_insights(
    database: Database, watch: InsightWatch, log: LogWriter, reminders: ReviewReminders
) -> None:
    """Watch and publish whenever no other process does, until cancelled."""
    while True:
        try:
            await _lead(database, watch, log, reminders)
        except* UNREACHABLE as errors:
            _LOG.warning("Insights wait for PostgreSQL: %r", errors.exceptions)
        await asyncio.sleep(RECONNECT_SECONDS)


async def _lead(
    database: Database, watch: InsightWatch, log: LogWriter, reminders: ReviewReminders
) -> None:
    async with leadership(database.conninfo, TASK) as lead, asyncio.TaskGroup() as group:
        group.create_task(lead.until_lost())
        group.create_task(log.run())
        group.create_task(watch.run())
        group.create_task(watch_deadlines(database, reminders))
        group.create_task(publish_insights(database, log))
