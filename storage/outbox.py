"""The outbox of insights: written in the transaction of what they tell of, published afterwards.

So nothing is told that did not happen, and nothing that happened is left untold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from psycopg.rows import class_row

from schemas.insights import Happening, Insight, encode_insight
from storage.pool import Connection
from storage.statements import statement


@dataclass(frozen=True, slots=True)
class Unpublished:
    """An insight that the topic does not hold yet; `number` gives the order."""

    number: int
    subject: str
    body: str


async def record(connection: Connection, happening: Happening, *, at: datetime) -> Insight:
    """Record what happened, for the topic and every webhook that asks for it.

    Runs inside the caller's transaction. Insights about one subject are numbered in the order in
    which they commit.
    """
    insight = Insight(id=str(uuid4()), time=at, data=happening)
    await lock_subject(connection, happening.subject)
    await connection.execute(
        statement("insert_insight"),
        {
            "id": insight.id,
            "kind": insight.type,
            "subject": happening.subject,
            "experiment": getattr(happening, "experiment", None),
            "body": encode_insight(insight).decode(),
            "at": at,
        },
    )
    return insight


async def lock_subject(connection: Connection, subject: str) -> None:
    """Let nobody else record about this subject until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 8))", (subject,))


async def next_unpublished_insights(connection: Connection, *, limit: int) -> list[Unpublished]:
    """Return the oldest insights that are neither published nor withheld, in their order."""
    cursor = connection.cursor(row_factory=class_row(Unpublished))
    await cursor.execute(statement("next_unpublished_insights"), {"limit": limit})
    return await cursor.fetchall()


async def note_insights_published(
    connection: Connection, numbers: Sequence[int], *, at: datetime
) -> None:
    """Remember what the topic holds. Safe to repeat."""
    await connection.execute(
        statement("note_insights_published"), {"numbers": list(numbers), "at": at}
    )


async def note_insights_withheld(
    connection: Connection, numbers: Sequence[int], *, at: datetime
) -> None:
    """Remember what the topic is not to hold. Safe to repeat."""
    await connection.execute(
        statement("note_insights_withheld"), {"numbers": list(numbers), "at": at}
    )


async def forget_insights(connection: Connection, *, before: datetime) -> int:
    """Forget what is older, waits for nothing and is owed to nobody; return how many."""
    cursor = await connection.execute(statement("forget_insights"), {"before": before})
    return cursor.rowcount
