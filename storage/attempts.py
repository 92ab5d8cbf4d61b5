"""Counts attempts to sign in and blocks who fails too often, across all processes of the API.

An attempt counts before it is judged: those that run side by side do not slip through.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.pool import Connection
from storage.statements import statement

FORGOTTEN_AFTER = timedelta(days=1)
LONGEST_BLOCK = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Subject:
    """What attempts are counted for: the keyed hash of an account or of a network address."""

    hash: bytes
    free: int
    """So many failures cost nothing; each further one doubles the wait."""


async def count_attempt(
    connection: Connection, subject: Subject, *, at: datetime
) -> timedelta | None:
    """Count an attempt. Return how long to wait where it is not to be judged."""
    forget_before = at - FORGOTTEN_AFTER
    await connection.execute(
        statement("forget_old_attempts"), {"forget_before": forget_before, "at": at}
    )
    cursor = await connection.execute(
        statement("count_attempt"),
        {"subject": subject.hash, "at": at, "forget_before": forget_before},
    )
    row = await cursor.fetchone()
    if row is None:
        return await _left(connection, subject, at)
    if row[0] >= subject.free:
        until = at + block_after(row[0] - subject.free)
        await connection.execute(
            statement("block_subject"), {"subject": subject.hash, "until": until}
        )
    return None


def block_after(failures_too_many: int) -> timedelta:
    """Return the wait before the next attempt: a second, doubled by every failure."""
    # 2**10 seconds are longer than the longest block; a larger power would only overflow.
    return min(timedelta(seconds=2 ** min(failures_too_many, 10)), LONGEST_BLOCK)


async def forgive(connection: Connection, subject: Subject) -> None:
    """Forget the failures of an account that was signed in to."""
    await connection.execute(statement("forgive_subject"), {"subject": subject.hash})


async def uncount_attempt(connection: Connection, subject: Subject, *, at: datetime) -> None:
    """Take back one attempt: it was no failure, but tells nothing of the others."""
    told = {"subject": subject.hash, "free": subject.free, "at": at}
    await connection.execute(statement("uncount_attempt"), told)


async def _left(connection: Connection, subject: Subject, at: datetime) -> timedelta:
    cursor = await connection.execute(statement("blocked_until"), {"subject": subject.hash})
    row = await cursor.fetchone()
    # Gone where somebody signed in between the two statements.
    return timedelta(seconds=1) if row is None else max(row[0] - at, timedelta(seconds=1))
