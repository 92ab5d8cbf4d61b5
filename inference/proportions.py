"""Shares of units: Wilson's interval for one, pooled z and Newcombe's interval for two.

Sources: Wilson 1927; Newcombe 1998, method 10. No continuity correction. Misleads with fewer than
about ten events per arm (use an exact test) and, like every fixed interval, when watched live.
"""

from __future__ import annotations

import math

from scipy import special

from inference.arms import shortage_of_units
from inference.comparison import Comparison, Interval, Method, NotComparable
from inference.moments import Moments, MomentsError


def compare_proportions(
    control: Moments, treatment: Moments, *, level: float = 0.95
) -> Comparison | NotComparable:
    """Difference of two shares: z with the pooled variance, interval from Wilson limits.

    Where no unit or every unit converted, z is 0/0 and absent; the interval stands. Outcomes that
    are not all 0 or 1 raise `MomentsError`.
    """
    for arm in (control, treatment):
        refuse_other_than_0_and_1(arm)
        shortage = shortage_of_units(arm.n)
        if shortage is not None:
            return shortage
    estimate = float(treatment.mean - control.mean)
    interval = _newcombe(control, treatment, estimate, level)
    pooled_error = _pooled_error(control, treatment)
    statistic = estimate / pooled_error if pooled_error > 0 else None
    return Comparison(
        method=Method.PROPORTIONS,
        estimate=estimate,
        lower=interval.lower,
        upper=interval.upper,
        level=level,
        n_control=control.n,
        n_treatment=treatment.n,
        standard_error=pooled_error,
        statistic=statistic,
        p_value=None if statistic is None else math.erfc(abs(statistic) / math.sqrt(2)),
    )


def wilson(events: int, n: int, *, level: float = 0.95) -> Interval:
    """Interval for one share; without units it is all that a share can be, [0, 1]."""
    if not 0 <= events <= n:
        raise ValueError(f"events must be between 0 and n, not {events} of {n}")
    if n == 0:
        return Interval(0.0, 1.0)
    z = float(special.ndtri((1 + level) / 2))
    share, shrink = events / n, 1 + z * z / n
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(events * (n - events) / n**3 + z * z / (4 * n * n))
    # The limits at the ends are exact; rounding would put them at ±1e-17.
    lower = 0.0 if events == 0 else (centre - spread) / shrink
    upper = 1.0 if events == n else (centre + spread) / shrink
    return Interval(lower, upper)


def refuse_other_than_0_and_1(moments: Moments) -> None:
    """Raise `MomentsError` where the sums cannot come from outcomes that are all 0 or 1."""
    if moments.sum_yy != moments.sum_y:
        raise MomentsError("sum_yy", "must equal sum_y where every outcome is 0 or 1")
    if not 0 <= moments.sum_y <= moments.n:
        raise MomentsError("sum_y", "must lie between 0 and n where every outcome is 0 or 1")


def _newcombe(control: Moments, treatment: Moments, estimate: float, level: float) -> Interval:
    c = wilson(control.sum_y, control.n, level=level)
    t = wilson(treatment.sum_y, treatment.n, level=level)
    share_c, share_t = float(control.mean), float(treatment.mean)
    return Interval(
        estimate - math.hypot(share_t - t.lower, c.upper - share_c),
        estimate + math.hypot(t.upper - share_t, share_c - c.lower),
    )


def _pooled_error(control: Moments, treatment: Moments) -> float:
    n = control.n + treatment.n
    events = control.sum_y + treatment.sum_y
    return math.sqrt(events * (n - events) / (n * control.n * treatment.n))
