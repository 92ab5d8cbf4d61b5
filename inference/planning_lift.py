"""The plan for a relative lift: units needed, smallest lift that shows, power; by the delta method.

Var L = v_T/(n_T μ²) + v_C(1 + L)²/(n_C μ²). The baseline's own noise grows with the lift, so a lift
that would show need not exist: with n_C ≤ k²v_C/μ² no increase ever does, k being the drift that
the power needs. Source: the delta method, as in Deng, Knoblich & Lu 2018.
"""

from __future__ import annotations

import math

from inference.arguments import finite
from inference.planning import (
    MOST_UNITS,
    Baseline,
    Design,
    NoPlan,
    PlanReason,
    ShareBaseline,
    Units,
    refuse_too_few,
)


def units_needed_for_lift(
    baseline: Baseline | ShareBaseline, lift: float, design: Design | None = None
) -> Units | NoPlan:
    """Units per arm for this relative lift (0.1 is 10 % more) to show with the planned power."""
    design = design or Design()
    refusal = _refusal(baseline) or _refusal_of_lift(baseline, finite("lift", lift))
    if refusal is not None:
        return refusal
    if lift == 0:
        return NoPlan(PlanReason.NO_EFFECT, "no number of units shows a lift of zero")
    per_unit = _variance(baseline, lift, design.treatment_per_control) * design.design_effect
    root = _drift(design) * math.sqrt(per_unit) / abs(lift)
    if root > math.sqrt(MOST_UNITS):
        return NoPlan(PlanReason.OUT_OF_RANGE, "the lift is too small for any experiment")
    control = max(2, math.ceil(root**2))
    return Units(control, max(2, design.treatment_units(control)))


def power_for_lift(
    baseline: Baseline | ShareBaseline, lift: float, units: Units, design: Design | None = None
) -> float | NoPlan:
    """Chance that this relative lift shows in an experiment of so many units."""
    design = design or Design()
    refuse_too_few(units)
    refusal = _refusal(baseline) or _refusal_of_lift(baseline, finite("lift", lift))
    if refusal is not None:
        return refusal
    per_unit = _variance(baseline, lift, units.treatment / units.control) * design.design_effect
    return design.looks.power_of(
        abs(lift) / math.sqrt(per_unit / units.control), alpha=design.alpha
    )


def detectable_lift(
    baseline: Baseline | ShareBaseline,
    units: Units,
    design: Design | None = None,
    *,
    decrease: bool = False,
) -> float | NoPlan:
    """The smallest relative lift in one direction that shows with the planned power.

    Root of L² = k²·Var L, which is a quadratic in L; never below −1 (a decrease of 100 %).
    """
    design = design or Design()
    refuse_too_few(units)
    refusal = _refusal(baseline)
    if refusal is not None:
        return refusal
    sign = -1.0 if decrease else 1.0
    size = _smallest_size(baseline, units, design, sign)
    if size is None or _refusal_of_lift(baseline, sign * size) is not None:
        return NoPlan(PlanReason.TOO_FEW_UNITS, "with so few units no relative lift shows")
    return sign * size


def _smallest_size(
    baseline: Baseline | ShareBaseline, units: Units, design: Design, sign: float
) -> float | None:
    ratio = units.treatment / units.control
    scale = _drift(design) ** 2 * design.design_effect / units.control
    # Three values fix the quadratic: k²·Var = constant + slope·size + bend·size².
    constant, up, down = (scale * _variance(baseline, at, ratio) for at in (0.0, sign, -sign))
    slope, bend = (up - down) / 2, (up + down) / 2 - constant
    return _smallest_positive_root(1 - bend, -slope, -constant)


def _smallest_positive_root(square: float, linear: float, constant: float) -> float | None:
    if square == 0:
        roots = [] if linear == 0 else [-constant / linear]
    else:
        discriminant = linear**2 - 4 * square * constant
        if discriminant < 0:
            return None
        # The sum of two numbers of the same sign cancels nothing.
        far = -(linear + math.copysign(math.sqrt(discriminant), linear)) / 2
        roots = [far / square, constant / far] if far != 0 else []
    return min((root for root in roots if root > 0), default=None)


def _variance(
    baseline: Baseline | ShareBaseline, lift: float, treatment_per_control: float
) -> float:
    """Variance of the lift times the units in control."""
    if isinstance(baseline, ShareBaseline):
        other = baseline.share * (1 + lift)
        mean, own, treated = (
            baseline.share,
            baseline.share * (1 - baseline.share),
            other * (1 - other),
        )
    else:
        mean, own, treated = baseline.mean, baseline.variance, baseline.variance
    return (own * (1 + lift) ** 2 + treated / treatment_per_control) / mean**2


def _drift(design: Design) -> float:
    return design.looks.drift_for(design.power, alpha=design.alpha)


def _refusal(baseline: Baseline | ShareBaseline) -> NoPlan | None:
    if isinstance(baseline, ShareBaseline):
        return None
    if baseline.mean == 0:
        return NoPlan(PlanReason.BASELINE_IS_ZERO, "a baseline of zero has no relative lift")
    if baseline.variance == 0:
        return NoPlan(PlanReason.NO_VARIANCE, "units that do not vary need no experiment")
    return None


def _refusal_of_lift(baseline: Baseline | ShareBaseline, lift: float) -> NoPlan | None:
    if lift <= -1:
        return NoPlan(PlanReason.IMPOSSIBLE_EFFECT, "a decrease stays above −100 %")
    if isinstance(baseline, ShareBaseline) and baseline.share * (1 + lift) > 1:
        return NoPlan(PlanReason.IMPOSSIBLE_EFFECT, "a share lies between 0 and 1")
    return None
