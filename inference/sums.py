"""Moments of many cells at once, as exact columns; and their sum over exposure days.

A cell is one arm of one experiment on one metric. Adding up the days runs on 64-bit digits that
cannot overflow, whatever the size of the sums; everything after that is exact as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.exact import Counts, Integers, Mask, Quotients, Rows, integers
from inference.moments import Moments, MomentsError, cross_spread

_DIGIT_BITS = 32
_LARGEST_TOTAL = 2**62


class Sums(msgspec.Struct, frozen=True, eq=False):
    """The sums of `Moments`, one row per cell."""

    n: Integers
    sum_y: Integers
    sum_yy: Integers
    sum_x: Integers
    sum_xx: Integers
    sum_xy: Integers
    sum_d: Integers
    sum_dd: Integers
    sum_yd: Integers

    @classmethod
    def of(cls, cells: Sequence[Moments]) -> Self:
        """One row per cell, in their order."""
        return cls(*(integers(getattr(cell, name) for cell in cells) for name in FIELDS))

    def __len__(self) -> int:
        return len(self.n)

    def __getitem__(self, row: int) -> Moments:
        return Moments(*(getattr(self, name)[row] for name in FIELDS))

    def take(self, rows: Rows) -> Sums:
        """The cells of these rows, in their order."""
        return Sums(*(getattr(self, name)[rows] for name in FIELDS))

    def counts(self) -> Counts:
        """Units per cell."""
        try:
            return self.n.astype(np.int64)
        except OverflowError as error:
            raise MomentsError("n", "must be below 2^63") from error

    def spread(self, products: Integers, first: Integers, second: Integers) -> Integers:
        """n(n − 1) times the unbiased covariance of two columns."""
        return cross_spread(self.n, products, first, second)

    def per_unit_pairs(self, spread: Integers) -> Quotients:
        """A spread divided by n(n − 1), the covariance; by 1 where there are not two units."""
        pairs = self.n * (self.n - 1)
        return Quotients(spread, np.where(pairs > 0, pairs, 1))


FIELDS = Moments.__struct_fields__


class DailySums(msgspec.Struct, frozen=True, eq=False):
    """Moments per cell and exposure day; rows of a cell follow one another.

    `digits` holds per field the digits of every row in base 2^32, the lowest first, small enough
    that no sum of all rows leaves 64 bits; the last one carries the sign. A field that is zero
    everywhere has none.
    """

    cell_of_row: Rows
    cells: int
    digits: tuple[tuple[NDArray[np.int64], ...], ...]

    @classmethod
    def of(cls, rows: Iterable[tuple[int, Moments]], *, cells: int) -> Self:
        """From (cell, moments of one day), cells counted from 0 and not falling."""
        listed = list(rows)
        cell_of_row = np.array([cell for cell, _ in listed], dtype=np.intp)
        _refuse_disorder(cell_of_row, cells)
        columns = ([getattr(moments, name) for _, moments in listed] for name in FIELDS)
        return cls(cell_of_row, cells, tuple(_digits(column) for column in columns))

    def total(self, mature: Mask | None = None) -> Sums:
        """The sums of every cell over its days, or over the days of the `mature` rows."""
        kept = self.cell_of_row if mature is None else self.cell_of_row[mature]
        # Rows of a cell follow one another, so a cell starts where the number changes.
        starts = np.flatnonzero(np.diff(kept, prepend=-1))
        present = kept[starts]
        return Sums(*(self._sum_of(field, present, starts, mature) for field in self.digits))

    def _sum_of(
        self,
        digits: tuple[NDArray[np.int64], ...],
        present: Rows,
        starts: Rows,
        mature: Mask | None,
    ) -> Integers:
        total = integers([0]).repeat(self.cells)
        for place, digit in enumerate(digits):
            kept = digit if mature is None else digit[mature]
            if len(kept):
                by_cell = np.add.reduceat(kept, starts).astype(object)
                total[present] += by_cell << (_DIGIT_BITS * place)
        return total


def _digits(values: list[int]) -> tuple[NDArray[np.int64], ...]:
    digits: list[NDArray[np.int64]] = []
    while any(values):
        if max(map(abs, values)) * len(values) < _LARGEST_TOTAL:
            return (*digits, np.array(values, dtype=np.int64))
        digits.append(np.array([value & (2**_DIGIT_BITS - 1) for value in values], dtype=np.int64))
        values = [value >> _DIGIT_BITS for value in values]
    return tuple(digits)


def _refuse_disorder(cell_of_row: Rows, cells: int) -> None:
    if len(cell_of_row) and not 0 <= cell_of_row.min() <= cell_of_row.max() < cells:
        raise ValueError(f"rows: cells must lie between 0 and {cells - 1}")
    if np.any(np.diff(cell_of_row) < 0):
        raise ValueError("rows: those of a cell must follow one another")
