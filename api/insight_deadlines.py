"""Watches the deadlines of open reviews, and records each reminder once.

The review is held while it is looked at: whoever writes or concludes it waits, and so does another
process that would remind of it too, which then finds that it is told.
"""

import asyncio
import logging
from datetime import UTC, datetime

from api.database import Database, DatabaseUnreachableError
from api.insight_reminders import moment_to_tell, reminders_of
from api.insight_settings import ReviewReminders
from storage.outbox import record
from storage.passing import PASSING
from storage.pool import Connection
from storage.reminders import (
    OpenReview,
    lock_open_review,
    open_reviews,
    sides_that_have_written,
    tell_reminder,
)

LOOK_SECONDS = 30.0

_LOG = logging.getLogger(__name__)


async def watch_deadlines(database: Database, reminders: ReviewReminders) -> None:
    """Record what is due, for ever."""
    while True:
        try:
            await remind_of_all(database, reminders, now=datetime.now(UTC))
        except (DatabaseUnreachableError, *PASSING) as error:
            _LOG.warning("Reminders wait for PostgreSQL: %r", error)
        await asyncio.sleep(LOOK_SECONDS)


async def remind_of_all(database: Database, reminders: ReviewReminders, *, now: datetime) -> None:
    """Record what is due by now, each review in a transaction of its own."""
    async with database.connection() as connection:
        found = await open_reviews(connection, due_before=now + reminders.longest)
    for review in found:
        moment = moment_to_tell(review, reminders, now=now)
        if moment is not None:
            async with database.connection() as connection:
                await remind(connection, review, moment, now=now)


async def remind(
    connection: Connection, review: OpenReview, moment: datetime, *, now: datetime
) -> None:
    """Record the reminders of this moment, unless that was done or the review is concluded.

    Runs inside the caller's transaction.
    """
    if not await lock_open_review(connection, review.id):
        return
    written = await sides_that_have_written(connection, review.id)
    if not await tell_reminder(connection, review.id, moment, at=now):
        return
    for reminder in reminders_of(review, moment, written):
        await record(connection, reminder, at=now)
