"""When do deals close? Share still open, time open, and whether two arms differ.

Kaplan-Meier with Greenwood's variance, restricted mean survival time, log-rank. Deals still open
are censored. Sources: Kaplan & Meier 1958; Greenwood 1926; Royston & Parmar 2013; Mantel 1966.
Misleads for wins alone where deals are also lost: losing competes (see `competing_risks`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import msgspec
from scipy import special

from inference.arguments import between, whole
from inference.comparison import Comparison, Interval, Method, NotComparable, Reason
from inference.deal_times import Closings, DealTime, closings_of, last_seen


class OpenShare(msgspec.Struct, frozen=True):
    """Share of deals still open after a time; without interval where it is 0."""

    time: int
    at_risk: int
    closed: int
    share: float
    standard_error: float
    interval: Interval | None


class LogRank(msgspec.Struct, frozen=True):
    """Closings in treatment against those expected if both arms closed at the same pace."""

    observed: int
    expected: float
    variance: float
    z: float
    p_value: float


def open_shares(deals: Sequence[DealTime], *, level: float = 0.95) -> tuple[OpenShare, ...]:
    """S = Π(1 − d/n) after each closing, Greenwood's error, and the log-log interval.

    The interval S^exp(±z·√G/ln S), G = Σ d/(n(n − d)), stays between 0 and 1.
    """
    z = -float(special.ndtri((1 - between("level", level, 0, 1)) / 2))
    share, greenwood = 1.0, 0.0
    shares = []
    for closings in closings_of("deals", deals):
        remaining = closings.at_risk - closings.closed
        share *= remaining / closings.at_risk
        greenwood += closings.closed / (closings.at_risk * remaining) if remaining else 0.0
        error = share * math.sqrt(greenwood)
        interval = log_log_interval(share, error, z)
        shares.append(
            OpenShare(closings.time, closings.at_risk, closings.closed, share, error, interval)
        )
    return tuple(shares)


def log_log_interval(share: float, error: float, z: float) -> Interval | None:
    """Interval of a share on the scale of ln(−ln), which never leaves 0 to 1; none at the ends."""
    if not 0 < share < 1 or error == 0:
        return None
    spread = math.exp(z * error / (share * abs(math.log(share))))
    return Interval(share**spread, share ** (1 / spread))


def compare_time_open(
    control: Sequence[DealTime],
    treatment: Sequence[DealTime],
    *,
    horizon: int,
    level: float = 0.95,
) -> Comparison | NotComparable:
    """Difference of the mean time open within `horizon`, which is fixed before the start.

    Area under the share still open up to the horizon; variance Σ A²·d/(n(n − d)), A being the
    area that is left after each closing. The horizon must lie within what both arms have seen.
    """
    between("level", level, 0, 1)
    whole("horizon", horizon, at_least=1)
    tables = closings_of("control", control), closings_of("treatment", treatment)
    refusal = unseen(control, treatment, horizon)
    if refusal is not None:
        return refusal
    (mean_control, own_control), (mean_treatment, own_treatment) = (
        _time_open(table, horizon) for table in tables
    )
    if own_control + own_treatment == 0:
        return NotComparable(Reason.NO_VARIANCE, "the deals of neither arm differ in time open")
    return normal_comparison(
        Method.RESTRICTED_MEAN,
        mean_treatment - mean_control,
        math.sqrt(own_control + own_treatment),
        (len(control), len(treatment)),
        level,
    )


def normal_comparison(
    method: Method, estimate: float, error: float, units: tuple[int, int], level: float
) -> Comparison:
    """An estimate with its normal error as a result."""
    half_width = -float(special.ndtri((1 - level) / 2)) * error
    return Comparison(
        method=method,
        estimate=estimate,
        lower=estimate - half_width,
        upper=estimate + half_width,
        level=level,
        n_control=units[0],
        n_treatment=units[1],
        p_value=math.erfc(abs(estimate / error) / math.sqrt(2)),
        standard_error=error,
        statistic=estimate / error,
    )


def unseen(
    control: Sequence[DealTime], treatment: Sequence[DealTime], horizon: int
) -> NotComparable | None:
    """The reason where an arm has no deals, or was not followed up to the horizon."""
    seen = last_seen(control), last_seen(treatment)
    if seen[0] is None or seen[1] is None:
        return NotComparable(Reason.NO_UNITS, "an arm has no deals")
    if horizon > min(seen[0], seen[1]):
        return NotComparable(
            Reason.HORIZON_NOT_SEEN, "no deal of an arm was followed to the horizon"
        )
    return None


def compare_pace(
    control: Sequence[DealTime], treatment: Sequence[DealTime]
) -> LogRank | NotComparable:
    """Log-rank test: Σ(O − E)/√ΣV over the times at which any deal closed."""
    if not control or not treatment:
        return NotComparable(Reason.NO_UNITS, "an arm has no deals")
    observed, expected, variance = 0, 0.0, 0.0
    closed_in_treatment = {c.time: c.closed for c in closings_of("treatment", treatment)}
    closings_of("control", control)
    times = sorted(deal.time for deal in treatment)
    for both in closings_of("deals", [*control, *treatment]):
        share = (len(times) - bisect_left(times, both.time)) / both.at_risk
        observed += closed_in_treatment.get(both.time, 0)
        expected += both.closed * share
        if both.at_risk > 1:
            spread = (both.at_risk - both.closed) / (both.at_risk - 1)
            variance += both.closed * share * (1 - share) * spread
    if variance == 0:
        return NotComparable(Reason.TOO_FEW_EVENTS, "no deal closed while both arms had open ones")
    z = (observed - expected) / math.sqrt(variance)
    return LogRank(observed, expected, variance, z, math.erfc(abs(z) / math.sqrt(2)))


def _time_open(table: Sequence[Closings], horizon: int) -> tuple[float, float]:
    """Mean time open within the horizon, and the variance of that mean."""
    inside = [closings for closings in table if closings.time < horizon]
    shares = [1.0]
    for closings in inside:
        shares.append(shares[-1] * (1 - closings.closed / closings.at_risk))
    times = (0, *(closings.time for closings in inside), horizon)
    areas = [
        share * (end - start) for share, (start, end) in zip(shares, pairwise(times), strict=True)
    ]
    variance, left = 0.0, sum(areas)
    for closings, area in zip(inside, areas, strict=False):
        left -= area
        remaining = closings.at_risk - closings.closed
        # Where all have closed nothing is left: the term is 0, not 0/0.
        if remaining:
            variance += left**2 * closings.closed / (closings.at_risk * remaining)
    return sum(areas), variance
