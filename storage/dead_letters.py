"""Refused records, kept with reason and place until somebody repairs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from storage.pool import Connection
from storage.statements import statement


@dataclass(frozen=True, slots=True)
class Refused:
    """One record that the contract refuses: where it stands, what it says, and why not."""

    offset: int
    field: str
    rule: str
    detail: str
    raw: bytes
    received_us: int


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """A refused record as kept."""

    id: int
    topic: str
    partition: int
    offset: int
    field: str
    rule: str
    detail: str
    raw: bytes
    received_us: int


async def insert_dead_letters(
    connection: Connection, topic_id: UUID, topic: str, partition: int, refused: Sequence[Refused]
) -> None:
    """Keep refused records of one partition. Safe to repeat."""
    if not refused:
        return
    await connection.execute(
        statement("insert_dead_letters"),
        {
            "topic_id": topic_id,
            "topic": topic,
            "partition": partition,
            "offsets": [record.offset for record in refused],
            "fields": [_storable(record.field) for record in refused],
            "rules": [record.rule for record in refused],
            "details": [_storable(record.detail) for record in refused],
            "raws": [record.raw for record in refused],
            "received_us": [record.received_us for record in refused],
        },
    )


async def dead_letters_after(
    connection: Connection, *, after: int, limit: int
) -> list[DeadLetterRow]:
    """Return up to `limit` refused records with a higher id than `after`, oldest first."""
    cursor = connection.cursor(row_factory=class_row(DeadLetterRow))
    await cursor.execute(statement("dead_letters_after"), {"after": after, "limit": limit})
    return await cursor.fetchall()


def _storable(text: str) -> str:
    # A reason may quote the refused bytes; PostgreSQL's text has no NUL and no lone surrogate.
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
