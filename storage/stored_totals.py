"""A definition's totals as they are stored, whatever they are: nothing is checked, nothing refused.

Readings load theirs elsewhere and refuse sums that no sample can have; who looks for such sums has
to see them.
"""

from decimal import Decimal
from typing import Any

from attribution.total_differences import Sums, Totals
from storage.pool import Connection
from storage.statements import statement


async def stored_totals(connection: Connection, definition_id: int) -> Totals:
    """Return cells, cohorts and strays, summed over shards."""
    cells = await _rows(connection, "moments_of_definition", definition_id)
    cohorts = await _rows(connection, "cohorts_of_definition", definition_id)
    strays = await _rows(connection, "strays_of_definition", definition_id)
    return Totals(
        cells={(row[0], row[1], row[2]): _sums(row[3:]) for row in cells},
        cohorts={(row[0], row[1]): _sums(row[2:]) for row in cohorts},
        strays=dict(strays),
    )


async def _rows(connection: Connection, name: str, definition_id: int) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(statement(name), {"id": definition_id})
    return await cursor.fetchall()


def _sums(values: tuple[int | Decimal, ...]) -> Sums:
    return tuple(int(value) if value == int(value) else str(value) for value in values)
