"""Shares of units: Wilson's interval for one, pooled z and Newcombe's interval for two.

Sources: Wilson 1927; Newcombe 1998, method 10. No continuity correction. Misleads with fewer than
about ten events per arm (use an exact test) and, like every fixed interval, when watched live.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from inference.arguments import ArgumentError, between, whole
from inference.arms import arms_of_means, steps_of
from inference.comparison import Comparison, Interval, Method, NotComparable
from inference.comparisons import Comparisons, Figures, compared
from inference.differences import Differences, differences_of
from inference.exact import Floats, Rows
from inference.moments import Moments, MomentsError
from inference.reasons import Reasons
from inference.sums import Sums


class Limits(NamedTuple):
    """Columns of lower and upper limits."""

    lower: Floats
    upper: Floats


def compare_proportions(
    control: Moments, treatment: Moments, *, level: float = 0.95
) -> Comparison | NotComparable:
    """Difference of two shares: z with the pooled variance, interval from Wilson limits.

    Where no unit or every unit converted, z is 0/0 and absent; the interval stands. Outcomes that
    are not all 0 or 1 raise `MomentsError`.
    """
    between("level", level, 0, 1)
    sides = [Sums.of([moments]) for moments in (control, treatment)]
    for sums in sides:
        refuse_other_than_0_and_1(sums)
    arms = (arms_of_means(sums, steps=steps_of([0])) for sums in sides)
    differences = differences_of(*arms)
    return proportions(differences, differences.reasons, alpha=1 - level)[0]


def proportions(
    differences: Differences, missing: Reasons, *, alpha: Floats | float
) -> Comparisons:
    """`compare_proportions` on columns of differences of shares."""
    return compared(Method.PROPORTIONS, differences, missing, alpha, _proportions)


def wilson(events: int, n: int, *, level: float = 0.95) -> Interval:
    """Interval for the share of `events` among `n` units; without units it is [0, 1].

    `ArgumentError` where they are no counts, or events are more than units. Wilson 1927.
    """
    between("level", level, 0, 1)
    if whole("events", events, at_least=0) > whole("n", n, at_least=0):
        raise ArgumentError("events", f"must not be above n, {n}")
    if n == 0:
        return Interval(0.0, 1.0)
    limits = wilson_limits(np.array([float(events)]), np.array([float(n)]), np.array([1 - level]))
    return Interval(float(limits.lower[0]), float(limits.upper[0]))


def wilson_limits(events: Floats, n: Floats, alpha: Floats) -> Limits:
    """Wilson's limits at level 1 − `alpha`, for 0 ≤ events ≤ n and n ≥ 1."""
    z = -special.ndtri(alpha / 2)
    share, shrink = events / n, 1 + z * z / n
    centre = share + z * z / (2 * n)
    spread = z * np.sqrt(share * ((n - events) / n) / n + z * z / (4 * n * n))
    # The limits at the ends are exact; rounding would put them at ±1e-17.
    return Limits(
        np.where(events == 0, 0.0, (centre - spread) / shrink),
        np.where(events == n, 1.0, (centre + spread) / shrink),
    )


def refuse_other_than_0_and_1(sums: Sums) -> None:
    """Raise `MomentsError` where sums cannot come from outcomes that are all 0 or 1."""
    if np.any(sums.sum_yy != sums.sum_y):
        raise MomentsError("sum_yy", "must equal sum_y where every outcome is 0 or 1")
    if np.any((sums.sum_y < 0) | (sums.sum_y > sums.n)):
        raise MomentsError("sum_y", "must lie between 0 and n where every outcome is 0 or 1")


def _proportions(differences: Differences, alpha: Floats, _: Rows) -> Figures:
    limits = _newcombe(differences, alpha)
    pooled_error = _pooled_error(differences)
    varies = pooled_error > 0
    statistic = np.full(len(differences), np.nan)
    statistic[varies] = differences.estimate[varies] / pooled_error[varies]
    return Figures(
        estimate=differences.estimate,
        lower=limits.lower,
        upper=limits.upper,
        standard_error=pooled_error,
        statistic=statistic,
        p_value=special.erfc(np.abs(statistic) / np.sqrt(2)),
    )


def _newcombe(differences: Differences, alpha: Floats) -> Limits:
    share_c, share_t = differences.mean_control, differences.mean_treatment
    n_c, n_t = differences.n_control.astype(float), differences.n_treatment.astype(float)
    c = wilson_limits(np.rint(share_c * n_c), n_c, alpha)
    t = wilson_limits(np.rint(share_t * n_t), n_t, alpha)
    return Limits(
        differences.estimate - np.hypot(share_t - t.lower, c.upper - share_c),
        differences.estimate + np.hypot(t.upper - share_t, share_c - c.lower),
    )


def _pooled_error(differences: Differences) -> Floats:
    n_c, n_t = differences.n_control, differences.n_treatment
    events = np.rint(differences.mean_control * n_c) + np.rint(differences.mean_treatment * n_t)
    pooled = events / differences.n
    variance: Floats = pooled * ((differences.n - events) / differences.n) * (1 / n_c + 1 / n_t)
    return np.sqrt(variance)
