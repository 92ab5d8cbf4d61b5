"""Does an effect fade or grow? The difference by exposure week, and whether it has a trend.

Weekly differences are regressed on the week with weights 1/V, V being their own variances. Source:
weighted least squares with known variances (DerSimonian & Laird 1986, fixed effects). Misleads with
few weeks, and where later weeks bring other units: a trend may be the units', not the effect's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec
from scipy import special

from inference.arguments import ArgumentError, between, whole
from inference.arms import Arm, arm_of_means
from inference.comparison import Comparison, NotComparable, Reason, not_comparable
from inference.moments import Moments
from inference.ratios import arm_of_ratio
from inference.welch import compare_means

FEWEST_WEEKS = 3


class WeekEffect(msgspec.Struct, frozen=True):
    """What one week's newly exposed units say; week 0 is the first."""

    week: int
    effect: Comparison | NotComparable


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """Change of the effect per week, in the metric's units, with its interval and two-sided p."""

    slope: float
    lower: float
    upper: float
    level: float
    standard_error: float
    p_value: float
    weeks: int

    @property
    def excludes_zero(self) -> bool:
        """Whether "no trend" lies outside the interval."""
        return self.lower > 0 or self.upper < 0


def moments_by_week(days: Mapping[date, Moments], *, start: date) -> dict[int, Moments]:
    """Sums of exposure days as sums of weeks since `start`."""
    weeks: dict[int, Moments] = {}
    for day, moments in days.items():
        if day < start:
            raise ArgumentError("days", f"must not be before the start {start}, as {day} is")
        week = (day - start).days // 7
        weeks[week] = weeks.get(week, Moments.zero()) + moments
    return weeks


def effect_by_week(
    control: Mapping[int, Moments],
    treatment: Mapping[int, Moments],
    *,
    scale: int = 0,
    denominator_scale: int | None = None,
    level: float = 0.95,
    fewest: int = 1,
) -> tuple[WeekEffect, ...]:
    """Treatment minus control of every week in which either arm got units, by Welch's t.

    Of ratios where `denominator_scale` is given. A week with fewer than `fewest` units in an arm
    has a reason instead of an effect.
    """
    between("level", level, 0, 1)
    whole("fewest", fewest, at_least=1)

    def arm_of(moments: Moments) -> Arm | NotComparable:
        if 0 < moments.n < fewest:
            return not_comparable(Reason.TOO_FEW_UNITS)
        if denominator_scale is None:
            return arm_of_means(moments, scale=scale)
        return arm_of_ratio(moments, scale=scale, denominator_scale=denominator_scale)

    def effect_of(week: int) -> Comparison | NotComparable:
        sides = (arm_of(side.get(week, Moments.zero())) for side in (control, treatment))
        return compare_means(*sides, level=level)

    weeks = sorted(control.keys() | treatment.keys())
    return tuple(WeekEffect(week, effect_of(week)) for week in weeks)


def trend_of(weeks: Iterable[WeekEffect], *, level: float = 0.95) -> Trend | NotComparable:
    """Slope of the weekly effects: Σw(t − t̄)d/Σw(t − t̄)², error 1/√Σw(t − t̄)²."""
    between("level", level, 0, 1)
    seen = [
        (week.week, week.effect.estimate, week.effect.standard_error)
        for week in weeks
        if isinstance(week.effect, Comparison) and week.effect.standard_error
    ]
    if len(seen) < FEWEST_WEEKS:
        return NotComparable(
            Reason.TOO_FEW_WEEKS, f"fewer than {FEWEST_WEEKS} weeks have an effect of their own"
        )
    # In units of the smallest error: its inverse square might not be a float.
    smallest = min(error for _, _, error in seen)
    weighted = [((smallest / error) ** 2, week, estimate) for week, estimate, error in seen]
    middle = sum(w * week for w, week, _ in weighted) / sum(w for w, _, _ in weighted)
    leverage = sum(w * (week - middle) ** 2 for w, week, _ in weighted)
    moved = sum(w * (week - middle) * estimate for w, week, estimate in weighted)
    return _trend(moved / leverage, smallest / math.sqrt(leverage), level, len(seen))


def _trend(slope: float, error: float, level: float, weeks: int) -> Trend:
    half_width = -float(special.ndtri((1 - level) / 2)) * error
    return Trend(
        slope=slope,
        lower=slope - half_width,
        upper=slope + half_width,
        level=level,
        standard_error=error,
        p_value=math.erfc(abs(slope / error) / math.sqrt(2)),
        weeks=weeks,
    )
