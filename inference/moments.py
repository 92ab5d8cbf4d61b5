"""The one value between counting and inference: exact sums over outcomes, which add.

All fields are Python integers (values are fixed point), so nothing drifts and nothing cancels;
means and variances are exact fractions and become floats only where a reading is made.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from numbers import Integral
from typing import Any, Self, TypeVar

import msgspec


class MomentsError(ValueError):
    """Sums were given that cannot be, or that cannot belong to any sample."""

    def __init__(self, argument: str, rule: str) -> None:
        super().__init__(f"{argument} {rule}")
        self.argument = argument
        self.rule = rule


class Moments(msgspec.Struct, frozen=True, gc=False):
    """Sums over units: outcome y, covariate before exposure x, denominator d.

    The plain constructor checks nothing: it is on the path of every event, and the difference of
    two sums (a unit re-evaluated) need not belong to a sample. Totals from outside go through
    `checked`.
    """

    n: int = 0
    sum_y: int = 0
    sum_yy: int = 0
    sum_x: int = 0
    sum_xx: int = 0
    sum_xy: int = 0
    sum_d: int = 0
    sum_dd: int = 0
    sum_yd: int = 0

    @classmethod
    def zero(cls) -> Self:
        """Sums over no units: the neutral element of `+`."""
        return cls()

    @classmethod
    def of_outcome(cls, y: int, x: int = 0, d: int = 0) -> Self:
        """Sums over one unit with this outcome, covariate and denominator."""
        return cls(1, y, y * y, x, x * x, x * y, d, d * d, y * d)

    @classmethod
    def checked(  # noqa: PLR0913, PLR0917 - one argument per sum, in the order of the fields
        cls,
        n: object,
        sum_y: object,
        sum_yy: object,
        sum_x: object = 0,
        sum_xx: object = 0,
        sum_xy: object = 0,
        sum_d: object = 0,
        sum_dd: object = 0,
        sum_yd: object = 0,
    ) -> Self:
        """Sums from outside (NUMERIC columns, files), or `MomentsError` naming argument and rule.

        Integers and integral Decimals are taken; everything else, floats above all, is refused.
        """
        values = (n, sum_y, sum_yy, sum_x, sum_xx, sum_xy, sum_d, sum_dd, sum_yd)
        moments = cls(*map(_exact_integer, cls.__struct_fields__, values))
        _refuse_impossible(moments)
        return moments

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            self.n + other.n,
            self.sum_y + other.sum_y,
            self.sum_yy + other.sum_yy,
            self.sum_x + other.sum_x,
            self.sum_xx + other.sum_xx,
            self.sum_xy + other.sum_xy,
            self.sum_d + other.sum_d,
            self.sum_dd + other.sum_dd,
            self.sum_yd + other.sum_yd,
        )

    def __sub__(self, other: Moments) -> Moments:
        return Moments(
            self.n - other.n,
            self.sum_y - other.sum_y,
            self.sum_yy - other.sum_yy,
            self.sum_x - other.sum_x,
            self.sum_xx - other.sum_xx,
            self.sum_xy - other.sum_xy,
            self.sum_d - other.sum_d,
            self.sum_dd - other.sum_dd,
            self.sum_yd - other.sum_yd,
        )

    def __neg__(self) -> Moments:
        return Moments.zero() - self

    def __bool__(self) -> bool:
        return self != _ZERO

    @property
    def mean(self) -> Fraction:
        """Mean outcome, exact, in fixed-point steps."""
        return self._mean(self.sum_y)

    @property
    def covariate_mean(self) -> Fraction:
        """Mean covariate before exposure, exact, in fixed-point steps."""
        return self._mean(self.sum_x)

    @property
    def denominator_mean(self) -> Fraction:
        """Mean denominator, exact, in fixed-point steps."""
        return self._mean(self.sum_d)

    @property
    def variance(self) -> Fraction:
        """Unbiased variance of the outcome: (nΣy² − (Σy)²) / (n(n−1)), exact."""
        return self._covariance(self.sum_yy, self.sum_y, self.sum_y)

    @property
    def covariate_variance(self) -> Fraction:
        """Unbiased variance of the covariate, exact."""
        return self._covariance(self.sum_xx, self.sum_x, self.sum_x)

    @property
    def covariate_covariance(self) -> Fraction:
        """Unbiased covariance of covariate and outcome, exact."""
        return self._covariance(self.sum_xy, self.sum_x, self.sum_y)

    @property
    def denominator_variance(self) -> Fraction:
        """Unbiased variance of the denominator, exact."""
        return self._covariance(self.sum_dd, self.sum_d, self.sum_d)

    @property
    def denominator_covariance(self) -> Fraction:
        """Unbiased covariance of outcome and denominator, exact."""
        return self._covariance(self.sum_yd, self.sum_y, self.sum_d)

    def _mean(self, total: int) -> Fraction:
        if self.n < 1:
            raise MomentsError("n", "must be at least 1 for a mean")
        return Fraction(total, self.n)

    def _covariance(self, products: int, first: int, second: int) -> Fraction:
        if self.n < 2:
            raise MomentsError("n", "must be at least 2 for a variance")
        return Fraction(cross_spread(self.n, products, first, second), self.n * (self.n - 1))


_ZERO = Moments()

Exact = TypeVar("Exact", bound=Any)
"""A Python integer, or an array of them."""


def cross_spread(n: Exact, products: Exact, first: Exact, second: Exact) -> Exact:
    """nΣuv − ΣuΣv, exact: n(n − 1) times the unbiased covariance of one sample, or of many."""
    spread: Exact = n * products - first * second
    return spread


def _exact_integer(argument: str, value: object) -> int:
    if isinstance(value, bool):
        raise MomentsError(argument, "must be an integer, not a bool")
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    raise MomentsError(argument, f"must be an exact integer, not {value!r}")


def _refuse_impossible(moments: Moments) -> None:
    n = moments.n
    if n < 0:
        raise MomentsError("n", "must not be negative")
    if n == 0:
        _refuse_sums_without_units(moments)
    y = _spread(moments, "sum_yy", moments.sum_yy, moments.sum_y)
    x = _spread(moments, "sum_xx", moments.sum_xx, moments.sum_x)
    d = _spread(moments, "sum_dd", moments.sum_dd, moments.sum_d)
    xy = n * moments.sum_xy - moments.sum_x * moments.sum_y
    yd = n * moments.sum_yd - moments.sum_y * moments.sum_d
    # Cauchy-Schwarz: no sample has a covariance above the product of its spreads.
    if xy * xy > x * y:
        raise MomentsError("sum_xy", "is larger than sum_xx and sum_yy allow")
    if yd * yd > y * d:
        raise MomentsError("sum_yd", "is larger than sum_yy and sum_dd allow")


def _refuse_sums_without_units(moments: Moments) -> None:
    for argument in moments.__struct_fields__:
        if getattr(moments, argument) != 0:
            raise MomentsError(argument, "must be 0 where n is 0")


def _spread(moments: Moments, argument: str, squares: int, total: int) -> int:
    spread = moments.n * squares - total * total
    if spread < 0:
        raise MomentsError(argument, "is too small: n·Σv² must be at least (Σv)²")
    if moments.n == 1 and spread > 0:
        raise MomentsError(argument, "must be the square of the one value where n is 1")
    return spread
