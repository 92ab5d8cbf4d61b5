"""Where the units of each definition are: homes in, the entries at those homes out."""

from collections.abc import AsyncIterator, Sequence

from attribution.units import Entry, unpack
from storage.arrays import Integers, Texts
from storage.pool import Connection
from storage.statements import statement

HOMES_AT_ONCE = 500
"""How many states are read at once: memory stays the same however many homes there are."""


async def add_definition_homes(connection: Connection, homes: Sequence[tuple[int, str]]) -> None:
    """Note (definition, home) pairs; those that are known already stay as they are."""
    if homes:
        await connection.execute(
            statement("add_definition_homes"),
            {
                "definition_ids": Integers([definition for definition, _ in homes]),
                "homes": Texts([home for _, home in homes]),
            },
        )


async def has_more_homes(connection: Connection, definition_id: int, *, than: int) -> bool:
    """Tell whether units of the definition may be at more homes than that."""
    cursor = await connection.execute(
        statement("homes_of_definition_up_to"), {"id": definition_id, "most": than + 1}
    )
    row = await cursor.fetchone()
    return row is not None and row[0] > than


async def entries_of_definition(
    connection: Connection, definition_id: int
) -> AsyncIterator[tuple[str, Entry]]:
    """Yield every home that holds units of the definition, in order, with what it holds."""
    after = ""
    while True:
        cursor = await connection.execute(
            statement("next_states_of_definition"),
            {"id": definition_id, "after": after, "limit": HOMES_AT_ONCE},
        )
        rows = await cursor.fetchall()
        for home, packed in rows:
            entry = unpack(packed).entries.get(definition_id)
            if entry is not None and entry.units:
                yield home, entry
        if len(rows) < HOMES_AT_ONCE:
            return
        after = rows[-1][0]
