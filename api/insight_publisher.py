"""Publishes recorded insights on the topic `insights`: at least once, in order per subject.

An insight is marked after the log has acknowledged it. One that is published twice has the same id,
and whatever lies between its two copies comes again in the same order. Who reads the topic is not
known, so it holds no more than the whole organisation may see when it is published.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from api.database import Database, DatabaseUnreachableError
from api.insight_sight import ORGANISATION
from api.insight_telling import told_now
from api.log_batches import Record
from api.log_writer import LogWriter
from storage.outbox import (
    Unpublished,
    next_unpublished_insights,
    note_insights_published,
    note_insights_withheld,
)
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
    """Deal with the oldest insights that wait; return how many are published or withheld now."""
    now = datetime.now(UTC)
    async with database.connection() as connection:
        found = await next_unpublished_insights(connection, limit=AT_ONCE)
        bodies = [one.body.encode() for one in found]
        told = await told_now(connection, bodies, ORGANISATION, at=now)
        withheld = [one.number for one, body in zip(found, told, strict=True) if body is None]
        if withheld:
            await note_insights_withheld(connection, withheld, at=now)
    shown = [(one, body) for one, body in zip(found, told, strict=True) if body is not None]
    published = await _publish(database, log, shown)
    return published + len(withheld)


async def _publish(
    database: Database, log: LogWriter, told: Sequence[tuple[Unpublished, bytes]]
) -> int:
    if not told:
        return 0
    records = [Record(insight.subject.encode(), body) for insight, body in told]
    not_taken = await log.append(records)
    # What follows one that was not acknowledged is published again, behind it.
    taken = told[: min(not_taken, default=len(told))]
    async with database.connection() as connection:
        numbers = [insight.number for insight, _ in taken]
        await note_insights_published(connection, numbers, at=datetime.now(UTC))
    return len(taken)
