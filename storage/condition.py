"""What the database says of the whole system to whoever watches it: builds that wait, its size."""

from dataclasses import dataclass

from psycopg.rows import class_row

from storage.pool import Connection
from storage.statements import statement


@dataclass(frozen=True, slots=True)
class Condition:
    """Definitions that are not finished, the age of the oldest in seconds, the database's bytes."""

    builds_waiting: float
    oldest_build_seconds: float
    database_bytes: float


async def condition(connection: Connection) -> Condition:
    """Look at it now; cheap enough for every few seconds."""
    cursor = connection.cursor(row_factory=class_row(Condition))
    await cursor.execute(statement("condition"))
    found = await cursor.fetchone()
    assert found is not None, "an aggregate has a row"
    return found
