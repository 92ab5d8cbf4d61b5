"""Exact elimination in small symmetric systems: solutions, rank, and whether sums can be.

Rational numbers throughout, so a column that is a combination of others is found by a pivot of
exactly zero and not by a tolerance. Meant for a handful of columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

Matrix = Sequence[Sequence[int]]


class Solution(msgspec.Struct, frozen=True):
    """x with Mx = side, 0 in the columns that depend on earlier ones.

    `leftover` is what of the side those columns cannot explain: 0 where the equations agree.
    """

    x: tuple[Fraction, ...]
    leftover: tuple[Fraction, ...]


class Eliminated(msgspec.Struct, frozen=True):
    """Columns that stand by themselves, in their order, and one solution per side."""

    kept: tuple[int, ...]
    solutions: tuple[Solution, ...]


def solve_semidefinite(matrix: Matrix, *sides: Sequence[Fraction]) -> Eliminated:
    """Gauss-Jordan on a symmetric matrix without negative directions, an earlier column first.

    `matrix` is k×k, each side has k values. `ValueError` where the matrix has a negative direction.
    """
    reduced = _reduced(matrix, sides)
    if reduced is None:
        raise ValueError("matrix: must have no negative direction")
    rows, kept = reduced
    return Eliminated(kept, tuple(_solution(rows, kept, len(rows) + i) for i in range(len(sides))))


def rank_of_semidefinite(matrix: Matrix) -> int | None:
    """Rank of a symmetric matrix; none where it has a negative direction, as no sums of a sample
    around their mean have."""
    reduced = _reduced(matrix, ())
    return None if reduced is None else len(reduced[1])


def _reduced(
    matrix: Matrix, sides: Sequence[Sequence[Fraction]]
) -> tuple[list[list[Fraction]], tuple[int, ...]] | None:
    size = len(matrix)
    rows = [
        [*map(Fraction, matrix[i]), *(Fraction(side[i]) for side in sides)] for i in range(size)
    ]
    kept: list[int] = []
    for place in range(size):
        pivot = rows[place][place]
        # Without negative directions a zero on the diagonal has nothing but zeros beside it.
        if pivot < 0 or (pivot == 0 and any(rows[place][place:size])):
            return None
        if pivot > 0:
            _clear(rows, place)
            kept.append(place)
    return rows, tuple(kept)


def _clear(rows: list[list[Fraction]], place: int) -> None:
    pivot_row = rows[place]
    for other, row in enumerate(rows):
        if other != place and row[place]:
            factor = row[place] / pivot_row[place]
            rows[other] = [
                value - factor * pivot for value, pivot in zip(row, pivot_row, strict=True)
            ]


def _solution(rows: list[list[Fraction]], kept: tuple[int, ...], side: int) -> Solution:
    return Solution(
        tuple(row[side] / row[i] if i in kept else Fraction(0) for i, row in enumerate(rows)),
        tuple(Fraction(0) if i in kept else row[side] for i, row in enumerate(rows)),
    )
