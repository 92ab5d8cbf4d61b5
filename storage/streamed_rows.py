"""Rows of a large answer, some at a time, from a cursor that stays in the database."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from storage.pool import Connection
from storage.statements import statement

ROWS_AT_ONCE = 5_000


async def streamed(
    connection: Connection, name: str, values: Mapping[str, Any]
) -> AsyncGenerator[tuple[Any, ...]]:
    """Yield the rows of a statement, in the caller's transaction; other statements may be between.

    The caller closes the generator, so that the cursor ends where its reader does.
    """
    async with connection.cursor(name=name) as cursor:
        await cursor.execute(statement(name), values)
        while rows := await cursor.fetchmany(ROWS_AT_ONCE):
            for row in rows:
                yield row
