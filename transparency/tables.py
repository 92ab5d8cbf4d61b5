"""Tables of accounts: cells, and the grid of cells with their margins.

An account stands in exactly one cell; what it brings along (events, deals, amounts in minor units)
is added up in the cell's values.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Spot = tuple[int, int]
Grid = NDArray[np.int64]
"""Accounts by row and column; where there is more than one, the last is the total."""


class TableError(ValueError):
    """A table that cannot be one; the message names the field and the rule."""


class Cell(msgspec.Struct, frozen=True):
    """Accounts of one group and the sums of what they brought."""

    accounts: int
    values: Mapping[str, int] = {}

    def __post_init__(self) -> None:
        """Refuse what no group of accounts can have."""
        if self.accounts < 0:
            raise TableError(f"accounts: not below 0, as {self.accounts} is")
        for name, value in self.values.items():
            if value < 0:
                raise TableError(f"values.{name}: not below 0, as {value} is")
            if value > 0 and self.accounts == 0:
                raise TableError(f"values.{name}: 0 where there are no accounts, not {value}")

    def __add__(self, other: "Cell") -> "Cell":
        """Add up two groups that have no account in common."""
        names = {**self.values, **other.values}
        values = {name: self.values.get(name, 0) + other.values.get(name, 0) for name in names}
        return Cell(self.accounts + other.accounts, values)


EMPTY = Cell(0)


class Table(msgspec.Struct, frozen=True):
    """Cells by row and column; one column alone is a table of one dimension."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        """Refuse a table whose parts do not fit together."""
        for name, labels in (("rows", self.rows), ("columns", self.columns)):
            if not labels or len(set(labels)) != len(labels):
                raise TableError(f"{name}: at least one, and every one once")
        widths = {len(row) for row in self.cells}
        if len(self.cells) != len(self.rows) or widths != {len(self.columns)}:
            raise TableError("cells: one for every row and column")


def total_of(cells: Sequence[Cell]) -> Cell:
    """Add up groups."""
    return sum(cells, EMPTY)


def grid_of(table: Table) -> Grid:
    """Return the accounts with their margins."""
    grid = np.array([[cell.accounts for cell in row] for row in table.cells], dtype=np.int64)
    if len(table.columns) > 1:
        grid = np.hstack([grid, grid.sum(axis=1, keepdims=True)])
    if len(table.rows) > 1:
        grid = np.vstack([grid, grid.sum(axis=0, keepdims=True)])
    return grid


def lines_of(grid: Grid) -> Iterator[tuple[Spot, ...]]:
    """Yield the spots of every row and column that adds up; the total is the last of a line."""
    rows, columns = grid.shape
    if columns > 1:
        yield from (tuple((row, column) for column in range(columns)) for row in range(rows))
    if rows > 1:
        yield from (tuple((row, column) for row in range(rows)) for column in range(columns))
