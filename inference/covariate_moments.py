"""Exact sums over units with several covariates each: they add, and no float comes in.

What `Moments` are for one covariate. Values are integers in fixed-point steps; a covariate may have
any scale of its own. A missing value stays in: see `with_indicator`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Self

import msgspec

from inference.arguments import whole, wholes
from inference.elimination import rank_of_semidefinite
from inference.moments import MomentsError, cross_spread

Row = tuple[int, ...]


class CovariateMoments(msgspec.Struct, frozen=True):
    """n, Σy, Σy², and for k covariates x: Σx (k), Σxx' (k×k, symmetric), Σxy (k).

    The plain constructor checks nothing, as that of `Moments`; what comes from outside goes through
    `checked`, single units through `of_unit`.
    """

    n: int
    sum_y: int
    sum_yy: int
    sum_x: Row
    sum_xx: tuple[Row, ...]
    sum_xy: Row

    @classmethod
    def zero(cls, covariates: int) -> Self:
        """Sums over no units: the neutral element of `+` for so many covariates."""
        nothing = (0,) * whole("covariates", covariates, at_least=1)
        return cls(0, 0, 0, nothing, (nothing,) * len(nothing), nothing)

    @classmethod
    def of_unit(cls, y: int, x: Sequence[int]) -> Self:
        """Sums over one unit; `ArgumentError` where its values are no exact integers."""
        outcome, before = whole("y", y), wholes("x", x)
        return cls(
            1,
            outcome,
            outcome * outcome,
            before,
            tuple(tuple(a * b for b in before) for a in before),
            tuple(a * outcome for a in before),
        )

    @classmethod
    def checked(
        cls,
        n: object,
        sum_y: object,
        sum_yy: object,
        sum_x: Sequence[object],
        sum_xx: Sequence[Sequence[object]],
        sum_xy: Sequence[object],
    ) -> Self:
        """Sums from outside, or `MomentsError` naming argument and rule.

        Integers and integral Decimals are taken. Refused: floats, shapes that do not fit, sums that
        no sample has (a covariance beyond the spreads, covariates that contradict each other, a
        rank that so few units cannot have).
        """
        moments = cls(
            _exact("n", n),
            _exact("sum_y", sum_y),
            _exact("sum_yy", sum_yy),
            _exact_row("sum_x", sum_x),
            tuple(_exact_row(f"sum_xx[{i}]", row) for i, row in enumerate(sum_xx)),
            _exact_row("sum_xy", sum_xy),
        )
        _refuse_shapes(moments)
        _refuse_impossible(moments)
        return moments

    def __add__(self, other: CovariateMoments) -> CovariateMoments:
        if self.covariates != other.covariates:
            raise MomentsError(
                "sum_x", f"must have {self.covariates} covariates, not {other.covariates}"
            )
        return CovariateMoments(
            self.n + other.n,
            self.sum_y + other.sum_y,
            self.sum_yy + other.sum_yy,
            _added(self.sum_x, other.sum_x),
            tuple(_added(*rows) for rows in zip(self.sum_xx, other.sum_xx, strict=True)),
            _added(self.sum_xy, other.sum_xy),
        )

    @property
    def covariates(self) -> int:
        """How many covariates a unit has."""
        return len(self.sum_x)

    def spread_xx(self) -> tuple[Row, ...]:
        """n·Σ(x − x̄)(x − x̄)', k×k, exact."""
        return tuple(
            tuple(
                cross_spread(self.n, product, first, second)
                for product, second in zip(row, self.sum_x, strict=True)
            )
            for row, first in zip(self.sum_xx, self.sum_x, strict=True)
        )

    def spread_xy(self) -> Row:
        """n·Σ(x − x̄)(y − ȳ), k values, exact."""
        return tuple(
            cross_spread(self.n, product, x, self.sum_y)
            for product, x in zip(self.sum_xy, self.sum_x, strict=True)
        )

    def spread_yy(self) -> int:
        """n·Σ(y − ȳ)², exact."""
        return cross_spread(self.n, self.sum_yy, self.sum_y, self.sum_y)


def with_indicator(values: Sequence[int | None]) -> Row:
    """One unit's covariates with a column beside each: 0, or 1 where the value is missing (`None`).

    A missing value counts as the constant 0: together with its indicator every constant gives the
    same adjustment, so no unit is dropped and none invented. Where nothing is missing the indicator
    is constant and the adjustment drops it.
    """
    columns = [
        (0, 1) if value is None else (whole(f"values[{place}]", value), 0)
        for place, value in enumerate(values)
    ]
    return tuple(number for pair in columns for number in pair)


def _added(first: Row, second: Row) -> Row:
    return tuple(a + b for a, b in zip(first, second, strict=True))


def _exact(argument: str, value: object) -> int:
    try:
        return whole(argument, value)
    except ValueError as error:
        raise MomentsError(argument, f"must be an exact integer, not {value!r}") from error


def _exact_row(argument: str, values: Sequence[object]) -> Row:
    return tuple(_exact(f"{argument}[{place}]", value) for place, value in enumerate(values))


def _refuse_shapes(moments: CovariateMoments) -> None:
    k = moments.covariates
    if k < 1:
        raise MomentsError("sum_x", "must have at least one covariate")
    if len(moments.sum_xy) != k:
        raise MomentsError("sum_xy", f"must have {k} values as sum_x, not {len(moments.sum_xy)}")
    if len(moments.sum_xx) != k or any(len(row) != k for row in moments.sum_xx):
        raise MomentsError("sum_xx", f"must have {k} rows of {k} values, as sum_x has {k}")
    for i, j in combinations(range(k), 2):
        if moments.sum_xx[i][j] != moments.sum_xx[j][i]:
            raise MomentsError(f"sum_xx[{j}][{i}]", f"must equal sum_xx[{i}][{j}]")


def _refuse_impossible(moments: CovariateMoments) -> None:
    if moments.n < 0:
        raise MomentsError("n", "must not be negative")
    if moments.n == 0 and moments != CovariateMoments.zero(moments.covariates):
        raise MomentsError("n", "must be above 0 where a sum is not 0")
    names, spreads = _named_spreads(moments)
    for i in range(len(names)):
        if spreads[i][i] < 0:
            raise MomentsError(names[i][i], "is too small: n·Σv² must be at least (Σv)²")
    # Cauchy-Schwarz: no sample has a covariance above the product of its spreads.
    for i, j in combinations(range(len(names)), 2):
        if spreads[i][j] ** 2 > spreads[i][i] * spreads[j][j]:
            raise MomentsError(names[i][j], "is larger than the spreads of its two columns allow")
    rank = rank_of_semidefinite(spreads)
    if rank is None:
        raise MomentsError("sum_xx", "and sum_xy contradict each other: no sample has such sums")
    if rank > max(0, moments.n - 1):
        raise MomentsError("n", f"must be above {rank} for values that vary in {rank} directions")


def _named_spreads(moments: CovariateMoments) -> tuple[list[list[str]], list[list[int]]]:
    """The spreads of all columns, the covariates first and the outcome last; and their names."""
    k = moments.covariates
    across = moments.spread_xy()
    spreads = [[*row, across[i]] for i, row in enumerate(moments.spread_xx())]
    names = [[*(f"sum_xx[{i}][{j}]" for j in range(k)), f"sum_xy[{i}]"] for i in range(k)]
    names.append([*(f"sum_xy[{i}]" for i in range(k)), "sum_yy"])
    return names, [*spreads, [*across, moments.spread_yy()]]
