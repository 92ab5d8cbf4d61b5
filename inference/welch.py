"""Welch's t for the difference of two means, for one look or a few planned ones.

Source: Welch 1947. Misleads when read again and again (the error grows with every look), with a
handful of units of skewed values, and when units are not the units that were randomised.
"""

from __future__ import annotations

import math

from scipy import special

from inference.arms import Arm
from inference.comparison import Comparison, Interval, Method, NotComparable, Reason


def compare_means(
    control: Arm | NotComparable, treatment: Arm | NotComparable, *, level: float = 0.95
) -> Comparison | NotComparable:
    """Treatment minus control with t, Welch-Satterthwaite df, two-sided p and t interval.

    t = d/√V, V = s²_C/n_C + s²_T/n_T. Undefined where neither arm varies.
    """
    if isinstance(control, NotComparable):
        return control
    if isinstance(treatment, NotComparable):
        return treatment
    from_control, from_treatment = control.mean_variance, treatment.mean_variance
    standard_error = math.sqrt(from_control + from_treatment)
    if standard_error == 0:
        return NotComparable(Reason.NO_VARIANCE, "all units of both arms have the same value")
    estimate = float(treatment.mean - control.mean)
    statistic = estimate / standard_error
    df = _degrees_of_freedom(control.n, treatment.n, from_control, from_treatment)
    half_width = float(special.stdtrit(df, (1 + level) / 2)) * standard_error
    return Comparison(
        method=Method.WELCH,
        estimate=estimate,
        lower=estimate - half_width,
        upper=estimate + half_width,
        level=level,
        n_control=control.n,
        n_treatment=treatment.n,
        standard_error=standard_error,
        statistic=statistic,
        df=df,
        # The lower tail itself: 1 - cdf would be 0 for every p below 1e-16.
        p_value=2 * float(special.stdtr(df, -abs(statistic))),
    )


def interval_of_mean(arm: Arm, *, level: float = 0.95) -> Interval | None:
    """t interval for the mean of one arm; none where the arm does not vary."""
    if arm.variance == 0:
        return None
    half_width = float(special.stdtrit(arm.n - 1, (1 + level) / 2)) * math.sqrt(arm.mean_variance)
    return Interval(float(arm.mean) - half_width, float(arm.mean) + half_width)


def _degrees_of_freedom(
    n_control: int, n_treatment: int, from_control: float, from_treatment: float
) -> float:
    # Shares of V instead of V²: the squares of very small or large variances would not be floats.
    total = from_control + from_treatment
    share_control, share_treatment = from_control / total, from_treatment / total
    return 1 / (share_control**2 / (n_control - 1) + share_treatment**2 / (n_treatment - 1))
