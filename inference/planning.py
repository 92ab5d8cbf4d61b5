"""Can it ever conclude? Units needed, the smallest effect that shows, and the power of a plan.

All for the difference of two arms, two-sided. Numbers of units are never rounded down; what does
not exist is `NoPlan` with its reason. Misleads when fed with the effect that was observed: the
power "after the fact" is the p-value once more. Sources: Cohen 1988; Fleiss 1981 (shares).
"""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec
from scipy import optimize, special

from inference.arguments import ArgumentError, above, at_least, between, finite, whole
from inference.arms import Arm
from inference.looks import Looks, SingleLook

MOST_UNITS = 10**15
_FARTHEST_DRIFT = 1e4
"""Beyond it scipy's noncentral t is NaN; with a degree of freedom or more the power is 1 there."""


class PlanReason(StrEnum):
    """Why a planned quantity does not exist."""

    NO_EFFECT = "no_effect"
    IMPOSSIBLE_EFFECT = "impossible_effect"
    NO_VARIANCE = "no_variance"
    TOO_FEW_UNITS = "too_few_units"
    BASELINE_IS_ZERO = "baseline_is_zero"
    OUT_OF_RANGE = "out_of_range"
    NO_TRAFFIC = "no_traffic"
    TOO_FAR_AWAY = "too_far_away"


class NoPlan(msgspec.Struct, frozen=True):
    """The quantity does not exist, and this is why."""

    reason: PlanReason
    detail: str


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one unit without treatment: its mean and variance, in the metric's units."""

    mean: float
    variance: float

    def __post_init__(self) -> None:
        finite("mean", self.mean)
        at_least("variance", self.variance, 0)

    @classmethod
    def of_arm(cls, arm: Arm) -> Baseline:
        """From units already counted: means, covariate-adjusted means, or (linearised) ratios."""
        return cls(mean=float(arm.mean), variance=float(arm.variance))


class ShareBaseline(msgspec.Struct, frozen=True):
    """The share of units that convert without treatment."""

    share: float

    def __post_init__(self) -> None:
        between("share", self.share, 0, 1)


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """The test that is planned.

    `treatment_per_control` is the ratio of units; `design_effect` multiplies the variance where
    the unit that is counted is not the unit that was randomised (`clusters.design_effect`).
    """

    alpha: float = 0.05
    power: float = 0.8
    treatment_per_control: float = 1.0
    design_effect: float = 1.0
    looks: Looks = SingleLook()

    def __post_init__(self) -> None:
        if not 1e-100 <= finite("alpha", self.alpha) <= 0.5:
            raise ArgumentError("alpha", f"must lie between 1e-100 and 0.5, not {self.alpha}")
        between("power", self.power, self.alpha, 1)
        above("treatment_per_control", self.treatment_per_control, 0)
        at_least("design_effect", self.design_effect, 1)
        if not isinstance(self.looks, Looks):
            raise ArgumentError("looks", f"must be a way of looking, not {self.looks!r}")

    def treatment_units(self, n_control: int) -> int:
        """Units in treatment beside so many in control, never rounded down."""
        return math.ceil(self.treatment_per_control * whole("n_control", n_control, at_least=0))


class Units(msgspec.Struct, frozen=True):
    """Units needed in each arm."""

    control: int
    treatment: int

    @property
    def total(self) -> int:
        """Both arms together: what the always-valid interval is tuned to."""
        return self.control + self.treatment


def units_needed(
    baseline: Baseline | ShareBaseline, effect: float, design: Design | None = None
) -> Units | NoPlan:
    """Units per arm for this absolute effect to show with the planned power.

    Means: n_C = k²σ²(1 + 1/r)/δ², k from the looks, then raised until the noncentral t has the
    power. Shares: [c√((1 + 1/r)p̄q̄) + z_β√(p₁q₁ + p₂q₂/r)]²/δ².
    """
    design = design or Design()
    refusal = _refusal(baseline, finite("effect", effect))
    if refusal is not None:
        return refusal
    n = _first_guess(baseline, effect, design)
    if n > MOST_UNITS:
        return NoPlan(PlanReason.OUT_OF_RANGE, "the effect is too small for any experiment")
    return _smallest_with_power(baseline, effect, design, max(2, math.ceil(n)))


def power_of(
    baseline: Baseline | ShareBaseline,
    effect: float,
    units: Units,
    design: Design | None = None,
) -> float | NoPlan:
    """Chance, 0 to 1, that this absolute effect (in the metric's units) shows with so many units.

    `ArgumentError` below two units in an arm.
    """
    design = design or Design()
    refuse_too_few(units)
    refusal = _refusal(baseline, finite("effect", effect))
    if refusal is not None and refusal.reason is not PlanReason.NO_EFFECT:
        return refusal
    return _power(baseline, effect, units, design)


def detectable_effect(
    baseline: Baseline | ShareBaseline,
    units: Units,
    design: Design | None = None,
    *,
    decrease: bool = False,
) -> float | NoPlan:
    """The smallest absolute effect that shows with the planned power, in the metric's units.

    Upwards, or below zero where `decrease` asks for it; `ArgumentError` below two units in an arm.
    """
    design = design or Design()
    refuse_too_few(units)
    if isinstance(baseline, Baseline) and baseline.variance == 0:
        return NoPlan(PlanReason.NO_VARIANCE, "units that do not vary have no smallest effect")
    sign = -1.0 if decrease else 1.0
    largest = _largest_effect(baseline, units, design, decrease=decrease)
    if _power(baseline, sign * largest, units, design) < design.power:
        return NoPlan(PlanReason.TOO_FEW_UNITS, "with so few units even the largest effect hides")
    root = optimize.brentq(
        lambda effect: _power(baseline, sign * effect, units, design) - design.power,
        0.0,
        largest,
        xtol=1e-15,
        rtol=1e-14,
    )
    return sign * float(root)


def _refusal(baseline: Baseline | ShareBaseline, effect: float) -> NoPlan | None:
    if effect == 0:
        return NoPlan(PlanReason.NO_EFFECT, "no number of units shows an effect of zero")
    if isinstance(baseline, ShareBaseline):
        if not 0 <= baseline.share + effect <= 1:
            return NoPlan(PlanReason.IMPOSSIBLE_EFFECT, "a share lies between 0 and 1")
    elif baseline.variance == 0:
        return NoPlan(PlanReason.NO_VARIANCE, "units that do not vary need no experiment")
    return None


def refuse_too_few(units: Units) -> None:
    """Raise where an arm has no variance to be planned with."""
    whole("units.control", units.control, at_least=2)
    whole("units.treatment", units.treatment, at_least=2)


def _first_guess(baseline: Baseline | ShareBaseline, effect: float, design: Design) -> float:
    drift = design.looks.drift_for(design.power, alpha=design.alpha)
    ratio, size = 1 / design.treatment_per_control, abs(effect)
    if isinstance(baseline, Baseline):
        root = drift * math.sqrt(baseline.variance * (1 + ratio)) / size
    else:
        critical = design.looks.critical(design.alpha)
        null, other = _share_errors(baseline, effect, 1.0, 1 / ratio)
        root = (critical * null + (drift - critical) * other) / size
    # A product where a power would raise: too large a float is infinite, and refused as too large.
    return root * root * design.design_effect


def _smallest_with_power(
    baseline: Baseline | ShareBaseline, effect: float, design: Design, guess: int
) -> Units:
    def units_of(n_control: int) -> Units:
        return Units(n_control, max(2, design.treatment_units(n_control)))

    def suffice(n_control: int) -> bool:
        return _power(baseline, effect, units_of(n_control), design) >= design.power * (1 - 1e-12)

    # The normal formula is off by about z²/4 units, and by what rounding n_T up changes.
    low, high = 1, guess
    while not suffice(high):
        low, high = high, high + max(1, high // 64)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffice(middle) else (middle, high)
    return units_of(high)


def _power(
    baseline: Baseline | ShareBaseline, effect: float, units: Units, design: Design
) -> float:
    n_control = units.control / design.design_effect
    n_treatment = units.treatment / design.design_effect
    if isinstance(baseline, ShareBaseline):
        return _power_of_shares(baseline, effect, n_control, n_treatment, design)
    error = math.sqrt(baseline.variance * (1 / n_control + 1 / n_treatment))
    df = n_control + n_treatment - 2
    if isinstance(design.looks, SingleLook) and df > 0:
        return _power_of_t(abs(effect) / error, df, design.alpha)
    return design.looks.power_of(abs(effect) / error, alpha=design.alpha)


def _power_of_shares(
    baseline: ShareBaseline, effect: float, n_control: float, n_treatment: float, design: Design
) -> float:
    null, other = _share_errors(baseline, effect, n_control, n_treatment)
    if not isinstance(design.looks, SingleLook):
        # Looks and the watched interval take the arms' own variances where those are larger, as
        # they are where the smaller arm converts more often.
        null = max(null, other)
    critical = design.looks.critical(design.alpha)
    if other == 0:
        return float(abs(effect) >= critical * null)
    # The drift of a single look with the same chance, the variance being pooled for the test only.
    drift = critical + (abs(effect) - critical * null) / other
    return design.looks.power_of(max(0.0, drift), alpha=design.alpha)


def _power_of_t(drift: float, df: float, alpha: float) -> float:
    drift = min(drift, _FARTHEST_DRIFT)
    if df > 1e6:  # the noncentral t is the normal there, and far slower
        return SingleLook().power_of(drift, alpha=alpha)
    critical = -float(special.stdtrit(df, alpha / 2))
    upper = 1 - float(special.nctdtr(df, drift, critical))
    # Beyond a drift of 8 the far tail is below 1e-15, and scipy gives NaN for it.
    return upper if drift > 8 else upper + float(special.nctdtr(df, drift, -critical))


def _share_errors(
    baseline: ShareBaseline, effect: float, n_control: float, n_treatment: float
) -> tuple[float, float]:
    share, other = baseline.share, min(1.0, max(0.0, baseline.share + effect))
    pooled = (n_control * share + n_treatment * other) / (n_control + n_treatment)
    null = pooled * (1 - pooled) * (1 / n_control + 1 / n_treatment)
    own = share * (1 - share) / n_control + other * (1 - other) / n_treatment
    return math.sqrt(null), math.sqrt(own)


def _largest_effect(
    baseline: Baseline | ShareBaseline, units: Units, design: Design, *, decrease: bool
) -> float:
    if isinstance(baseline, ShareBaseline):
        return baseline.share if decrease else 1 - baseline.share
    drift = design.looks.drift_for(design.power, alpha=design.alpha)
    spread = baseline.variance * (1 / units.control + 1 / units.treatment)
    # With one or two degrees of freedom t needs about forty times what the normal needs.
    return 100 * drift * math.sqrt(spread * design.design_effect)
