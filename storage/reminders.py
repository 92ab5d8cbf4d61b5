"""Reviews that wait for somebody, and what was told last of their deadlines."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from schemas.insights import ReadingSide
from storage.pool import Connection
from storage.statements import statement


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReview:
    """A review that is not concluded; `reminded` is when the newest reminder told was due."""

    id: int
    experiment: str
    name: str
    number: int
    opened_at: datetime
    deadline: datetime
    reminded: datetime | None


async def open_reviews(connection: Connection, *, due_before: datetime) -> list[OpenReview]:
    """Return the open reviews whose deadline is not later, the most urgent one first."""
    cursor = connection.cursor(row_factory=class_row(OpenReview))
    await cursor.execute(statement("open_reviews"), {"due_before": due_before})
    return await cursor.fetchall()


async def lock_open_review(connection: Connection, review_id: int) -> bool:
    """Let nobody write in a review until the transaction ends; False where it is concluded."""
    cursor = await connection.execute(statement("lock_open_review"), {"id": review_id})
    return await cursor.fetchone() is not None


async def sides_that_have_written(connection: Connection, review_id: int) -> frozenset[ReadingSide]:
    """Return the sides whose reading is there."""
    cursor = await connection.execute(statement("sides_that_have_written"), {"id": review_id})
    return frozenset(row[0] for row in await cursor.fetchall())


async def tell_reminder(
    connection: Connection, review_id: int, moment: datetime, *, at: datetime
) -> bool:
    """Remember that the reminder due at this moment is told; False where it was told before."""
    cursor = await connection.execute(
        statement("tell_reminder"), {"id": review_id, "moment": moment, "at": at}
    )
    return await cursor.fetchone() is not None
