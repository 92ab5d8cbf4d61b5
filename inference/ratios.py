"""Ratio metrics: the ratio of two sums over units, by the delta method.

Source: Deng, Knoblich, Lu 2018. The unit that was randomised is the unit here, so a rate per
contact in an experiment on accounts is a ratio of account sums. Misleads below about 40 units per
arm and where the denominator is close to zero; units with denominator 0 stay in.
"""

from __future__ import annotations

from fractions import Fraction

from inference.arms import Arm, arm_in_range, shortage_of_units
from inference.comparison import NotComparable, Reason
from inference.moments import Moments


def arm_of_ratio(
    moments: Moments, *, scale: int = 0, denominator_scale: int = 0
) -> Arm | NotComparable:
    """ΣY/ΣD with the variance of its linearisation (Y − R·D)/D̄, exact."""
    shortage = shortage_of_units(moments.n)
    if shortage is not None:
        return shortage
    if _denominator_is_near_zero(moments):
        return NotComparable(
            Reason.DENOMINATOR_NEAR_ZERO, "the mean denominator is within two errors of zero"
        )
    step = Fraction(10) ** (denominator_scale - scale)
    ratio = moments.mean / moments.denominator_mean
    spread = (
        moments.variance
        - 2 * ratio * moments.denominator_covariance
        + ratio**2 * moments.denominator_variance
    )
    variance = spread / moments.denominator_mean**2
    return arm_in_range(moments.n, ratio * step, variance * step**2)


def _denominator_is_near_zero(moments: Moments) -> bool:
    mean = moments.denominator_mean
    return mean**2 <= 4 * moments.denominator_variance / moments.n
