"""Ratio metrics: the ratio of two sums over units, by the delta method.

Source: Deng, Knoblich, Lu 2018. The unit that was randomised is the unit here, so a rate per
contact in an experiment on accounts is a ratio of account sums. Misleads below about 40 units per
arm and where the denominator is close to zero; units with denominator 0 stay in.
"""

from __future__ import annotations

import numpy as np

from inference import reasons
from inference.arguments import whole
from inference.arms import Arm, Arms, arms_in_range, shortages_of_units, steps_of
from inference.comparison import NotComparable, Reason
from inference.exact import Integers, Mask, Quotients
from inference.moments import Moments
from inference.sums import Sums


def arm_of_ratio(
    moments: Moments, *, scale: int = 0, denominator_scale: int = 0
) -> Arm | NotComparable:
    """ΣY/ΣD with the variance of its linearisation (Y − R·D)/D̄, exact, in Y's units per unit of D.

    `scale` and `denominator_scale` are the decimal places of both sums. No arm where the mean
    denominator is within two errors of zero.
    """
    whole("scale", scale, at_least=0)
    whole("denominator_scale", denominator_scale, at_least=0)
    steps, denominator_steps = steps_of([scale]), steps_of([denominator_scale])
    sums = Sums.of([moments])
    return arms_of_ratios(sums, steps=steps, denominator_steps=denominator_steps)[0]


def arms_of_ratios(sums: Sums, *, steps: Integers, denominator_steps: Integers) -> Arms:
    """`arm_of_ratio` on columns; `steps` are the fixed-point steps in a unit."""
    near_zero = _denominators_near_zero(sums)
    n = np.where(sums.n > 0, sums.n, 1)
    total = np.where(near_zero, 1, sums.sum_d)
    spread = sums.per_unit_pairs(_spread_of_linearised(sums))
    # s²/D̄², with s² = spread/(n(n−1)·ΣD²): the square of ΣD twice, once with n².
    variance = Quotients(
        spread.numerator * n**2 * denominator_steps**2,
        spread.denominator * total**4 * steps**2,
    )
    mean = Quotients(sums.sum_y * denominator_steps, total * steps)
    arms = arms_in_range(sums.counts(), mean, variance)
    return arms.without(
        reasons.first(
            shortages_of_units(arms.n),
            reasons.where(near_zero, Reason.DENOMINATOR_NEAR_ZERO),
            arms.reasons,
        )
    )


def _spread_of_linearised(sums: Sums) -> Integers:
    """(ΣD)² times the spread of Y − R·D."""
    y, d = sums.sum_y, sums.sum_d
    spread: Integers = (
        d**2 * sums.spread(sums.sum_yy, y, y)
        - 2 * y * d * sums.spread(sums.sum_yd, y, d)
        + y**2 * sums.spread(sums.sum_dd, d, d)
    )
    return spread


def _denominators_near_zero(sums: Sums) -> Mask:
    """Whether D̄² ≤ 4·s²_D/n, by integers alone."""
    spread = sums.spread(sums.sum_dd, sums.sum_d, sums.sum_d)
    near: Mask = np.asarray(sums.sum_d**2 * (sums.n - 1) <= 4 * spread, dtype=bool)
    return near
