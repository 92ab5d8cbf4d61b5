"""Welch's t for the difference of two means, for one look or a few planned ones.

Source: Welch 1947. Misleads when read again and again (the error grows with every look), with a
handful of units of skewed values, and when units are not the units that were randomised.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import special

from inference import reasons
from inference.arguments import between
from inference.arms import Arm
from inference.comparison import Comparison, Interval, Method, NotComparable, Reason
from inference.comparisons import Comparisons, Figures, compared
from inference.differences import Differences, difference_of
from inference.exact import Floats, Rows


def compare_means(
    control: Arm | NotComparable, treatment: Arm | NotComparable, *, level: float = 0.95
) -> Comparison | NotComparable:
    """Treatment minus control with t, Welch-Satterthwaite df, two-sided p and t interval.

    t = d/√V, V = s²_C/n_C + s²_T/n_T. Undefined where neither arm varies.
    """
    between("level", level, 0, 1)
    if isinstance(control, NotComparable):
        return control
    if isinstance(treatment, NotComparable):
        return treatment
    return welch(difference_of(control, treatment), alpha=1 - level)[0]


class TScale(NamedTuple):
    """Degrees of freedom of each pair, and the |t| that its level allows; NaN where there are none.

    Finding quantiles is most of the work, so methods on the same pairs and levels share a scale.
    """

    df: Floats
    critical: Floats


def welch(
    differences: Differences, *, alpha: Floats | float, scale: TScale | None = None
) -> Comparisons:
    """`compare_means` on columns; the intervals have level 1 − `alpha`.

    `scale` is that of these differences and levels, where it is known already.
    """
    known = scale or t_scale(differences, alpha)
    constant = reasons.where(differences.variance == 0, Reason.NO_VARIANCE)
    missing = reasons.first(differences.reasons, constant)

    def compute(found: Differences, _: Floats, rows: Rows) -> Figures:
        return _welch(found, known.df[rows], known.critical[rows])

    return compared(Method.WELCH, differences, missing, alpha, compute)


def t_scale(differences: Differences, alpha: Floats | float) -> TScale:
    """The scale of Welch's t for each pair, at level 1 − `alpha`."""
    rows = np.flatnonzero((differences.reasons == reasons.NONE) & (differences.variance > 0))
    df, critical = np.full(len(differences), np.nan), np.full(len(differences), np.nan)
    df[rows] = degrees_of_freedom(differences.take(rows))
    alphas = np.broadcast_to(np.asarray(alpha, dtype=np.float64), df.shape)
    critical[rows] = t_quantile(df[rows], alphas[rows])
    return TScale(df, critical)


def welch_p_values(differences: Differences) -> Floats:
    """Welch's p alone; NaN where there is none."""
    rows = np.flatnonzero(differences.variance > 0)
    found = differences.take(rows)
    p_values = np.full(len(differences), np.nan)
    statistic = found.estimate / np.sqrt(found.variance)
    p_values[rows] = t_p_value(degrees_of_freedom(found), statistic)
    return p_values


def t_quantile(df: Floats, alpha: Floats) -> Floats:
    """The value that |t| exceeds with probability `alpha`."""
    # From the lower tail: 1 − α/2 would lose the digits of a small α.
    return -special.stdtrit(df, alpha / 2)


def t_p_value(df: Floats, statistic: Floats) -> Floats:
    """Two-sided; from the lower tail, since 1 − cdf would be 0 for every p below 1e-16."""
    return 2 * special.stdtr(df, -np.abs(statistic))


def satterthwaite(
    n_control: Floats, n_treatment: Floats, from_control: Floats, from_treatment: Floats
) -> Floats:
    """Degrees of freedom of two variances of means taken together."""
    # Shares of V instead of V²: the squares of very small or large variances would not be floats.
    total = from_control + from_treatment
    control, treatment = from_control / total, from_treatment / total
    return 1 / (control**2 / (n_control - 1) + treatment**2 / (n_treatment - 1))


def interval_of_mean(arm: Arm, *, level: float = 0.95) -> Interval | None:
    """t interval for the mean of one arm; none where the arm does not vary."""
    between("level", level, 0, 1)
    if arm.variance == 0:
        return None
    half_width = float(special.stdtrit(arm.n - 1, (1 + level) / 2)) * math.sqrt(arm.mean_variance)
    return Interval(float(arm.mean) - half_width, float(arm.mean) + half_width)


def degrees_of_freedom(differences: Differences) -> Floats:
    """Welch-Satterthwaite degrees of freedom of each pair."""
    return satterthwaite(
        differences.n_control.astype(float),
        differences.n_treatment.astype(float),
        differences.from_control,
        differences.from_treatment,
    )


def _welch(differences: Differences, df: Floats, critical: Floats) -> Figures:
    standard_error = np.sqrt(differences.variance)
    statistic = differences.estimate / standard_error
    half_width = critical * standard_error
    return Figures(
        estimate=differences.estimate,
        lower=differences.estimate - half_width,
        upper=differences.estimate + half_width,
        standard_error=standard_error,
        statistic=statistic,
        df=df,
        p_value=t_p_value(df, statistic),
    )
