"""Hides small groups in one table, and as many others as it takes that none of them follows.

For a table that is published once, from a state that never changes. A table that is published
again as accounts come in is released in editions, see `transparency.editions`.
"""

from collections.abc import Iterator, Set

import msgspec

from transparency.audit import Fact, Knowledge, Question, first_exposed
from transparency.small_cells import FEWEST_ACCOUNTS, is_small
from transparency.tables import Cell, Grid, Spot, Table, grid_of, lines_of, total_of


class Suppressed(msgspec.Struct, frozen=True, kw_only=True):
    """What may be published; None is hidden, and does not tell why.

    Rates and averages are made from shown cells alone. A row that has a hidden cell has no values
    in its total: with those of the columns they would narrow down the hidden ones.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell | None, ...], ...]
    row_totals: tuple[Cell | None, ...]
    column_totals: tuple[Cell | None, ...]
    total: Cell | None


def suppress(table: Table, k: int = FEWEST_ACCOUNTS) -> Suppressed:
    """Hide cells and totals of fewer than k accounts, and complements, until an audit passes.

    The audit: from everything that is shown, each hidden number of accounts can still be any of
    more than k. Deterministic. A cell without accounts is shown as such, so that readers know that
    hidden ones have some; it never serves as a complement, for often everybody knows it is empty.
    """
    grid = grid_of(table)
    small = {spot for spot in _spots(grid) if is_small(int(grid[spot]), k)}
    return _published(table, grid, _with_complements(grid, small, k))


def _with_complements(grid: Grid, small: Set[Spot], k: int) -> set[Spot]:
    # Complements that a later one has made needless stay: a leaner table would tell how it was
    # found, and with it numbers that the audit takes for unknown.
    hidden = set(small)
    while (exposed := _exposed(grid, hidden, k)) is not None:
        hidden.add(_complement(grid, hidden, exposed))
    return hidden


def _exposed(grid: Grid, hidden: Set[Spot], k: int) -> Spot | None:
    """Return the hidden spot that readers can work out most closely, where that is too close."""
    spots = sorted(hidden)
    knowledge = _knowledge(grid, {spot: number for number, spot in enumerate(spots)})
    questions = [Question({number: 1.0}, float(k)) for number in range(len(spots))]
    found = first_exposed(knowledge, questions)
    return None if found is None else spots[found]


def _knowledge(grid: Grid, unknown: dict[Spot, int]) -> Knowledge:
    facts = []
    for *parts, total in lines_of(grid):
        signs = {**dict.fromkeys(parts, 1), total: -1}
        known = sum(sign * int(grid[spot]) for spot, sign in signs.items() if spot not in unknown)
        terms = {unknown[spot]: float(sign) for spot, sign in signs.items() if spot in unknown}
        if terms:
            facts.append(Fact(terms, float(-known)))
    # Empty cells are shown as empty: whatever is hidden has at least one account.
    return Knowledge(lower=[1.0] * len(unknown), equal=facts)


def _complement(grid: Grid, hidden: Set[Spot], exposed: Spot) -> Spot:
    """Return what to hide next: the number after the exposed one that is neither hidden nor empty.

    By place and not by size. To hide the smallest would say that it is smaller than those shown,
    and sometimes with that what it is.
    """
    beside = [line for line in lines_of(grid) if exposed in line]
    for line in sorted(beside, key=lambda line: len(hidden & set(line))):
        at = line.index(exposed)
        *parts, total = line
        for spot in (*parts[at + 1 :], *parts[:at], total):
            if spot not in hidden and grid[spot] > 0:
                return spot
    return next(spot for spot in _spots(grid) if spot not in hidden and grid[spot] > 0)


def _spots(grid: Grid) -> Iterator[Spot]:
    rows, columns = grid.shape
    return ((row, column) for row in range(rows) for column in range(columns))


def _published(table: Table, grid: Grid, hidden: Set[Spot]) -> Suppressed:
    rows, columns = len(table.rows), len(table.columns)
    last_row, last_column = grid.shape[0] - 1, grid.shape[1] - 1
    row_totals = [total_of(row) for row in table.cells]
    for row in range(rows):
        if any((row, column) in hidden for column in range(columns)):
            row_totals[row] = Cell(row_totals[row].accounts)

    def shown(cell: Cell, row: int, column: int) -> Cell | None:
        return None if (row, column) in hidden else cell

    column_totals = [total_of([row[column] for row in table.cells]) for column in range(columns)]
    return Suppressed(
        rows=table.rows,
        columns=table.columns,
        cells=tuple(
            tuple(shown(cell, row, column) for column, cell in enumerate(cells))
            for row, cells in enumerate(table.cells)
        ),
        row_totals=tuple(shown(c, row, last_column) for row, c in enumerate(row_totals)),
        column_totals=tuple(shown(c, last_row, col) for col, c in enumerate(column_totals)),
        total=shown(total_of(column_totals), last_row, last_column),
    )
