"""Which contacts were erased: known by a hash alone, so that their events are left out again."""

from collections.abc import Collection

from storage.pool import Connection
from storage.statements import statement


async def erased_among(connection: Connection, contacts: Collection[str]) -> set[str]:
    """Return those of these contacts that were erased."""
    if not contacts:
        return set()
    cursor = await connection.execute(statement("erased_among"), {"contacts": list(contacts)})
    return {row[0] for row in await cursor.fetchall()}


async def has_erasures(connection: Connection) -> bool:
    """Tell whether any contact was erased, so that batches have to look."""
    row = await (await connection.execute(statement("has_erasures"))).fetchone()
    return row is not None and bool(row[0])
