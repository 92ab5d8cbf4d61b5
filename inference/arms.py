"""Arms reduced to what every comparison needs: units, mean and variance of one unit.

Means, ratios and covariate-adjusted means all become arms, so each method is written once. Values
stay exact until the last step: two means of 1e9 keep the digits of their difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec
import numpy as np

from inference import reasons
from inference.arguments import whole
from inference.comparison import NotComparable, Reason, not_comparable
from inference.exact import Counts, Floats, Integers, Quotients, Rows, integers, quotients, replaced
from inference.moments import Moments
from inference.reasons import Reasons
from inference.sums import Sums

# A product of two such numbers is still a float.
_LARGEST = 1e150


class Arm(msgspec.Struct, frozen=True):
    """Units, exact mean and exact unbiased variance of a unit's value, in the metric's units."""

    n: int
    mean: Fraction
    variance: Fraction

    @property
    def mean_variance(self) -> float:
        """Variance of the mean."""
        return float(self.variance / self.n)


class Arms(msgspec.Struct, frozen=True, eq=False):
    """Many arms; `means` and `variances` are the exact ones rounded once, NaN with a reason."""

    n: Counts
    mean: Quotients
    variance: Quotients
    means: Floats
    variances: Floats
    reasons: Reasons

    @classmethod
    def of(cls, arms: Sequence[Arm]) -> Arms:
        """One row per arm."""
        n = np.array([arm.n for arm in arms], dtype=np.int64)
        mean, variance = (arm.mean for arm in arms), (arm.variance for arm in arms)
        return arms_in_range(n, quotients(mean), quotients(variance))

    def __getitem__(self, row: int) -> Arm | NotComparable:
        reason = reasons.reason_of(int(self.reasons[row]))
        if reason is not None:
            return not_comparable(reason)
        return Arm(int(self.n[row]), self.mean.fraction(row), self.variance.fraction(row))

    def without(self, found: Reasons) -> Arms:
        """The same arms, no figures where there is one of these reasons."""
        usable = found == reasons.NONE
        return Arms(
            self.n,
            self.mean,
            self.variance,
            np.where(usable, self.means, np.nan),
            np.where(usable, self.variances, np.nan),
            found,
        )

    def with_rows(self, rows: Rows, found: Arms) -> Arms:
        """The same arms, those of `rows` replaced by `found`."""
        return Arms(
            replaced(self.n, rows, found.n),
            self.mean.with_rows(rows, found.mean),
            self.variance.with_rows(rows, found.variance),
            replaced(self.means, rows, found.means),
            replaced(self.variances, rows, found.variances),
            replaced(self.reasons, rows, found.reasons),
        )

    def take(self, rows: Rows) -> Arms:
        """The arms of these rows, in their order."""
        return Arms(
            self.n[rows],
            self.mean.take(rows),
            self.variance.take(rows),
            self.means[rows],
            self.variances[rows],
            self.reasons[rows],
        )


def arm_of_means(moments: Moments, *, scale: int = 0) -> Arm | NotComparable:
    """Mean outcome of an arm; `scale` is the number of decimal places of the fixed point."""
    whole("scale", scale, at_least=0)
    return arms_of_means(Sums.of([moments]), steps=steps_of([scale]))[0]


def arms_of_means(sums: Sums, *, steps: Integers) -> Arms:
    """Mean outcomes; `steps` are the fixed-point steps in a unit of the metric."""
    n = np.where(sums.n > 0, sums.n, 1)
    spread = sums.spread(sums.sum_yy, sums.sum_y, sums.sum_y)
    variance = sums.per_unit_pairs(spread)
    return arms_in_range(
        sums.counts(),
        Quotients(sums.sum_y, n * steps),
        Quotients(variance.numerator, variance.denominator * steps * steps),
    )


def arms_in_range(n: Counts, mean: Quotients, variance: Quotients) -> Arms:
    """The arms, with a reason where units are missing or squares would leave the floats."""
    means, variances = mean.floats(), variance.floats()
    too_large = np.maximum(np.abs(means), variances) > _LARGEST
    found = reasons.first(shortages_of_units(n), reasons.where(too_large, Reason.OUT_OF_RANGE))
    return Arms(n, mean, variance, means, variances, found).without(found)


def shortages_of_units(n: Counts) -> Reasons:
    """The reason why so few units have no variance, where they have none."""
    return reasons.first(
        reasons.where(n < 1, Reason.NO_UNITS), reasons.where(n < 2, Reason.ONE_UNIT)
    )


def steps_of(scales: Sequence[int]) -> Integers:
    """How many fixed-point steps make a unit, by the number of decimal places."""
    return integers(10**scale for scale in scales)
