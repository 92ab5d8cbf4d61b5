"""Moments and counts: increments in, whole tables per definition out."""

from collections.abc import Sequence
from decimal import Decimal

from attribution.increments import (
    NO_CAP,
    Cell,
    CellIncrement,
    Cohort,
    CohortCounts,
    Increments,
    Uncapped,
)
from attribution.units import Stray
from inference.moments import Moments
from storage.arrays import Integers, Texts
from storage.definition_homes import add_definition_homes
from storage.pool import Connection
from storage.statements import statement

_SUMS = Moments.__struct_fields__
_LARGE = 2**62


async def add_increments(connection: Connection, increments: Increments, *, shard: int) -> None:
    """Add what a batch changed; `shard` keeps workers from waiting for each other's rows."""
    await _add_moments(connection, increments.cells, shard)
    await _add_cohorts(connection, increments.cohorts, shard)
    await _add_strays(connection, increments.strays, shard)
    await add_definition_homes(connection, increments.homes)


async def moments_of(connection: Connection, definition_id: int) -> dict[Cell, CellIncrement]:
    """Return the exact totals of each cell of a definition, checked to be those of a sample."""
    cursor = await connection.execute(statement("moments_of_definition"), {"id": definition_id})
    return {
        Cell(definition_id, row[0], row[1], row[2]): CellIncrement(
            Moments.checked(*row[3:12]), row[12], _uncapped(row[3], *row[13:16])
        )
        for row in await cursor.fetchall()
    }


async def cohorts_of(connection: Connection, definition_id: int) -> dict[Cohort, CohortCounts]:
    """Return the exposed units per variant and exposure day."""
    cursor = await connection.execute(statement("cohorts_of_definition"), {"id": definition_id})
    return {
        Cohort(definition_id, variant, day): CohortCounts(units, mixed, exposures)
        for variant, day, units, mixed, exposures in await cursor.fetchall()
    }


async def strays_of(connection: Connection, definition_id: int) -> dict[Stray, int]:
    """Return how many exposure events exposed no unit, by reason."""
    cursor = await connection.execute(statement("strays_of_definition"), {"id": definition_id})
    return {Stray(reason): count for reason, count in await cursor.fetchall()}


async def drop_totals(connection: Connection, definition_ids: Sequence[int]) -> None:
    """Forget everything computed under retired definitions."""
    for name in ("drop_moments", "drop_cohorts", "drop_strays", "drop_definition_homes"):
        await connection.execute(statement(name), {"ids": list(definition_ids)})


def _uncapped(n: int, units: int, sum_u: Decimal, sum_uu: Decimal) -> Uncapped:
    if not sum_uu:
        return NO_CAP
    sums = Moments.checked(n, sum_u, sum_uu)
    return Uncapped(units, sums.sum_y, sums.sum_yy)


async def _add_moments(
    connection: Connection, cells: dict[Cell, CellIncrement], shard: int
) -> None:
    # One order for both parts, and for all who book to a shard.
    plain = {cell: one for cell, one in cells.items() if _is_plain(one)}
    if plain:
        moments = [one.moments for one in plain.values()]
        sums = {n: Integers([getattr(m, n) for m in moments]) for n in ("n", "sum_y", "sum_yy")}
        columns = {**_places(plain, shard), **sums}
        await connection.execute(statement("add_plain_moments"), columns)
    others = {cell: one for cell, one in cells.items() if cell not in plain}
    if others:
        await connection.execute(statement("add_moments"), _all_sums(others, shard))


def _is_plain(increment: CellIncrement) -> bool:
    """Tell whether it is of outcomes alone, and small: nearly all increments are."""
    m = increment.moments
    return (
        increment.uncapped == NO_CAP
        and not (m.sum_x or m.sum_xx or m.sum_xy or m.sum_d or m.sum_dd or m.sum_yd)
        and -_LARGE < m.sum_yy < _LARGE
        and -_LARGE < m.sum_y < _LARGE
    )


def _places(cells: dict[Cell, CellIncrement], shard: int) -> dict[str, object]:
    return {
        "shard": shard,
        "definition_id": Integers([cell.definition for cell in cells]),
        "metric": Integers([cell.metric for cell in cells]),
        "variant": Integers([cell.variant for cell in cells]),
        "exposure_day": Integers([cell.day for cell in cells]),
        "incomplete": Integers([increment.incomplete for increment in cells.values()]),
    }


def _all_sums(cells: dict[Cell, CellIncrement], shard: int) -> dict[str, object]:
    # As text: one increment may pass 64 bits, and an array has one type for all its members.
    return {
        **_places(cells, shard),
        "capped_units": Integers([increment.uncapped.units for increment in cells.values()]),
        "sum_u": Texts([str(increment.uncapped.sum_y) for increment in cells.values()]),
        "sum_uu": Texts([str(increment.uncapped.sum_yy) for increment in cells.values()]),
        **{
            name: Texts([str(getattr(increment.moments, name)) for increment in cells.values()])
            for name in _SUMS
        },
    }


async def _add_cohorts(
    connection: Connection, cohorts: dict[Cohort, CohortCounts], shard: int
) -> None:
    if cohorts:
        await connection.execute(
            statement("add_cohorts"),
            {
                "shard": shard,
                "definition_id": Integers([cohort.definition for cohort in cohorts]),
                "variant": Integers([cohort.variant for cohort in cohorts]),
                "exposure_day": Integers([cohort.day for cohort in cohorts]),
                "units": Integers([counts.units for counts in cohorts.values()]),
                "mixed_units": Integers([counts.mixed for counts in cohorts.values()]),
                "exposures": Integers([counts.exposures for counts in cohorts.values()]),
            },
        )


async def _add_strays(
    connection: Connection, strays: dict[tuple[int, Stray], int], shard: int
) -> None:
    if strays:
        await connection.execute(
            statement("add_strays"),
            {
                "shard": shard,
                "definition_id": Integers([definition for definition, _ in strays]),
                "reason": Integers([int(stray) for _, stray in strays]),
                "exposures": Integers(strays.values()),
            },
        )
