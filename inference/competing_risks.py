"""Won or lost, whichever comes first: the share of deals won by a time, open deals censored.

Aalen-Johansen with the delta variance. Counting lost deals as if they could still be won (1 −
Kaplan-Meier) overstates it. Sources: Aalen & Johansen 1978; Marubini & Valsecchi 1995.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
from scipy import special

from inference.arguments import between, whole
from inference.comparison import Comparison, Interval, Method, NotComparable, Reason
from inference.deal_times import Closings, DealTime, closings_of
from inference.survival import log_log_interval, normal_comparison, unseen


class WonShare(msgspec.Struct, frozen=True):
    """Share of deals won, and lost, up to a time; no interval where the share is 0 or 1."""

    time: int
    won: float
    lost: float
    standard_error: float
    interval: Interval | None


def won_shares(deals: Sequence[DealTime], *, level: float = 0.95) -> tuple[WonShare, ...]:
    """F(t) = Σ S(t−)·won/n after each closing, with its error and log-log interval."""
    z = -float(special.ndtri((1 - between("level", level, 0, 1)) / 2))
    table = closings_of("deals", deals)
    steps = _steps_of(table)
    shares = []
    for place, (closings, step) in enumerate(zip(table, steps, strict=True)):
        error = math.sqrt(_variance(table[: place + 1], steps[: place + 1]))
        interval = log_log_interval(step.won, error, z)
        shares.append(WonShare(closings.time, step.won, step.lost, error, interval))
    return tuple(shares)


def compare_won(
    control: Sequence[DealTime],
    treatment: Sequence[DealTime],
    *,
    horizon: int,
    level: float = 0.95,
) -> Comparison | NotComparable:
    """Difference of the shares won up to `horizon`, which is fixed before the start."""
    between("level", level, 0, 1)
    whole("horizon", horizon, at_least=0)
    tables = closings_of("control", control), closings_of("treatment", treatment)
    refusal = unseen(control, treatment, horizon)
    if refusal is not None:
        return refusal
    (won_control, own_control), (won_treatment, own_treatment) = (
        _won_by(table, horizon) for table in tables
    )
    if own_control + own_treatment == 0:
        return NotComparable(Reason.NO_VARIANCE, "all deals of each arm ended the same way")
    return normal_comparison(
        Method.CUMULATIVE_INCIDENCE,
        won_treatment - won_control,
        math.sqrt(own_control + own_treatment),
        (len(control), len(treatment)),
        level,
    )


class _Step(msgspec.Struct, frozen=True):
    """Just before a closing: share open; just after: shares won and lost."""

    open_before: float
    won: float
    lost: float


def _steps_of(table: Sequence[Closings]) -> list[_Step]:
    steps: list[_Step] = []
    still_open, won, lost = 1.0, 0.0, 0.0
    for closings in table:
        won += still_open * closings.won / closings.at_risk
        lost += still_open * closings.lost / closings.at_risk
        steps.append(_Step(still_open, won, lost))
        still_open *= 1 - closings.closed / closings.at_risk
    return steps


def _variance(table: Sequence[Closings], steps: Sequence[_Step]) -> float:
    """Variance of the share won after the last of these closings."""
    total = 0.0
    for closings, step in zip(table, steps, strict=True):
        n, won, remaining = closings.at_risk, closings.won, closings.at_risk - closings.closed
        later = steps[-1].won - step.won
        if remaining:
            total += later**2 * closings.closed / (n * remaining)
        total += step.open_before**2 * won * (n - won) / n**3
        total -= 2 * later * step.open_before * won / n**2
    return max(0.0, total)


def _won_by(table: Sequence[Closings], horizon: int) -> tuple[float, float]:
    inside = [closings for closings in table if closings.time <= horizon]
    steps = _steps_of(inside)
    return (steps[-1].won, _variance(inside, steps)) if steps else (0.0, 0.0)
