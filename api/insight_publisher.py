"""Publishes recorded insights on the topic `insights`: at least once, in order per subject.

An insight is marked after the log has acknowledged it. One that is published twice has the same id,
and whatever lies between its two copies comes again in the same order.
"""

import asyncio
import logging
from datetime import UTC, datetime

from api.database import Database, DatabaseUnreachableError
from api.log_batches import Record
from api.log_writer import LogWriter
from storage.outbox import Unpublished, next_unpublished_insights, note_insights_published
from storage.passing import PASSING

AT_ONCE = 200
IDLE_SECONDS = 1.0

_LOG = logging.getLogger(__name__)


async def publish_insights(database: Database, log: LogWriter) -> None:
    """Publish whatever is new, for ever. One process at a time is to do so, to keep the order."""
    while True:
        try:
            published = await publish_some(database, log)
        except (DatabaseUnreachableError, *PASSING) as error:
            _LOG.warning("Insights wait for PostgreSQL: %r", error)
            published = 0
        await asyncio.sleep(0 if published == AT_ONCE else IDLE_SECONDS)


async def publish_some(database: Database, log: LogWriter) -> int:
    """Publish the oldest insights that are not published; return how many are now."""
    async with database.connection() as connection:
        found = await next_unpublished_insights(connection, limit=AT_ONCE)
    if not found:
        return 0
    not_taken = await log.append([_record(insight) for insight in found])
    # What follows one that was not acknowledged is published again, behind it.
    taken = found[: min(not_taken, default=len(found))]
    async with database.connection() as connection:
        numbers = [insight.number for insight in taken]
        await note_insights_published(connection, numbers, at=datetime.now(UTC))
    return len(taken)


def _record(insight: Unpublished) -> Record:
    return Record(insight.subject.encode(), insight.body.encode())
