"""Exact numbers in columns: Python integers in arrays, which become floats only at the very end.

Sums of squares leave 64 bits early and cancel in floats; a column of Python integers does neither,
and a thousand experiments of them still take milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]
Integers = NDArray[np.object_]
"""Python integers of any size."""


Column = TypeVar("Column", bound=NDArray[Any])


class Quotients(msgspec.Struct, frozen=True, eq=False):
    """A column of exact rational numbers; no denominator is zero."""

    numerator: Integers
    denominator: Integers

    def __sub__(self, other: Quotients) -> Quotients:
        return Quotients(
            self.numerator * other.denominator - other.numerator * self.denominator,
            self.denominator * other.denominator,
        )

    def take(self, rows: Rows) -> Quotients:
        """The numbers of these rows, in their order."""
        return Quotients(self.numerator[rows], self.denominator[rows])

    def with_rows(self, rows: Rows, found: Quotients) -> Quotients:
        """The same numbers, those of `rows` replaced by `found`."""
        return Quotients(
            replaced(self.numerator, rows, found.numerator),
            replaced(self.denominator, rows, found.denominator),
        )

    def floats(self) -> Floats:
        """Each number rounded once, to the nearest float; infinite where it is none."""
        try:
            return np.asarray(self.numerator / self.denominator, dtype=np.float64)
        except OverflowError:
            pairs = zip(self.numerator, self.denominator, strict=True)
            return np.array([_nearest(*pair) for pair in pairs])

    def fraction(self, row: int) -> Fraction:
        """One of the numbers."""
        return Fraction(self.numerator[row], self.denominator[row])


def replaced(column: Column, rows: Rows, found: Column) -> Column:
    """A copy of the column with the values of `rows` replaced by `found`."""
    copy = column.copy()
    copy[rows] = found
    return copy


def integers(values: Iterable[int]) -> Integers:
    """A column of Python integers, whatever their size."""
    listed = list(values)
    column = np.empty(len(listed), dtype=object)
    column[:] = listed
    return column


def quotients(values: Iterable[Fraction]) -> Quotients:
    """A column from fractions."""
    listed = list(values)
    return Quotients(
        integers(value.numerator for value in listed),
        integers(value.denominator for value in listed),
    )


def _nearest(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if (numerator < 0) == (denominator < 0) else -math.inf
