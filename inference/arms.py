"""One arm reduced to what every comparison needs: units, mean and variance of one unit.

Means, ratios and covariate-adjusted means all become an `Arm`, so each method is written once.
Values stay exact until the last step: two means of 1e9 keep the digits of their difference.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from inference.comparison import NotComparable, Reason
from inference.moments import Moments

# A product of two such numbers is still a float.
_LARGEST = 10**150


class Arm(msgspec.Struct, frozen=True):
    """Units, exact mean and exact unbiased variance of a unit's value, in the metric's units."""

    n: int
    mean: Fraction
    variance: Fraction

    @property
    def mean_variance(self) -> float:
        """Variance of the mean."""
        return float(self.variance / self.n)


def arm_of_means(moments: Moments, *, scale: int = 0) -> Arm | NotComparable:
    """Mean outcome of an arm; `scale` is the number of decimal places of the fixed point."""
    shortage = shortage_of_units(moments.n)
    if shortage is not None:
        return shortage
    step = Fraction(1, 10**scale)
    return arm_in_range(moments.n, moments.mean * step, moments.variance * step**2)


def shortage_of_units(n: int) -> NotComparable | None:
    """The reason why so few units have no variance, if they have none."""
    if n < 1:
        return NotComparable(Reason.NO_UNITS, "an arm has no units")
    if n < 2:
        return NotComparable(Reason.ONE_UNIT, "one unit has no variance")
    return None


def arm_in_range(n: int, mean: Fraction, variance: Fraction) -> Arm | NotComparable:
    """The arm, unless its numbers leave the range in which floats can be squared."""
    if max(abs(mean), variance) > _LARGEST:
        return NotComparable(Reason.OUT_OF_RANGE, "values are too large to be compared")
    return Arm(n, mean, variance)
