"""What a reading is made from: the experiment as registered, and what was counted so far."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import msgspec

from inference.moments import Moments
from schemas.resources import MetricKind

Unit = Literal["account", "contact"]
Role = Literal["primary", "secondary", "guardrail"]
Direction = Literal["increase", "decrease"]

FEWEST_PLANNED_UNITS = 40
"""Planned units of an arm below which its pairs are read from the outcomes of single units."""


class ArmPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A variant with its relative weight; `name` is what sentences call it."""

    variant: str
    weight: Decimal = Decimal(1)
    is_control: bool = False
    name: str = ""


class MetricPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A metric in an experiment.

    `scale` and `denominator_scale` are the decimal places of the fixed-point sums;
    `equivalence` is the largest difference, in units, that does not matter; `margin` the largest
    worsening, in units, that a guardrail allows (none where absent). `is_share` says that every
    unit of the denominator counts 0 or 1 in the numerator, as contacts of accounts do;
    `is_invalidated` that an amendment after the first exposure changed what it counts.
    """

    key: str
    kind: MetricKind
    window: timedelta
    role: Role = "primary"
    scale: int = 0
    denominator_scale: int = 0
    name: str = ""
    unit_label: str = ""
    currency: str | None = None
    direction: Direction = "increase"
    has_covariate: bool = False
    equivalence: float | None = None
    margin: float | None = None
    is_share: bool = False
    is_invalidated: bool = False

    def __post_init__(self) -> None:
        for name in ("equivalence", "margin"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name}: above 0 and finite, or absent")


class ExperimentPlan(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment as registered; `planned_units` are mature units over all variants.

    `comparisons` are the pairs (baseline, variant) that the primary family holds besides those
    with the control; `looks` the shares of the planned units at which a group sequential test may
    be read; `ends_at` is when no further unit comes in, where that is settled.
    """

    key: str
    arms: tuple[ArmPlan, ...]
    metrics: tuple[MetricPlan, ...]
    planned_units: int
    unit: Unit = "account"
    randomised: bool = True
    alpha: float = 0.05
    comparisons: tuple[tuple[str, str], ...] = ()
    looks: tuple[float, ...] = ()
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        self._refuse_bad_arms()
        if not 2 <= self.planned_units < math.inf:
            raise ValueError("planned_units: at least 2, and finite")
        if not 1e-100 <= self.alpha <= 0.5:
            raise ValueError("alpha: between 1e-100 and 0.5")
        if any(not 0 < look <= 1 for look in self.looks) or any(
            earlier >= later for earlier, later in pairwise(self.looks)
        ):
            raise ValueError("looks: rising shares above 0, of 1 at most")

    def _refuse_bad_arms(self) -> None:
        variants = [arm.variant for arm in self.arms]
        if len(variants) < 2 or len(set(variants)) != len(variants):
            raise ValueError("arms: at least two, every variant once")
        if sum(arm.is_control for arm in self.arms) != 1:
            raise ValueError("arms: exactly one is the control")
        if any(not math.isfinite(arm.weight) for arm in self.arms):
            raise ValueError("arms: every weight must be finite")
        if any(arm.weight < 0 for arm in self.arms) or not any(arm.weight for arm in self.arms):
            raise ValueError("arms: no weight below 0, and at least one above")
        for pair in self.comparisons:
            if len(set(pair)) != 2 or not set(pair) <= set(variants):
                raise ValueError(f"comparisons: {pair} are not two variants")

    @property
    def control_first(self) -> tuple[ArmPlan, ...]:
        """The arms as registered, the control moved to the front."""
        return tuple(sorted(self.arms, key=lambda arm: not arm.is_control))

    def is_registered(self, baseline: ArmPlan, variant: ArmPlan) -> bool:
        """Whether the pair belongs to what the experiment set out to compare."""
        pair = (baseline.variant, variant.variant)
        return baseline.is_control or variant.is_control or self._names(*pair)

    def _names(self, baseline: str, variant: str) -> bool:
        return (baseline, variant) in self.comparisons or (variant, baseline) in self.comparisons

    def planned_units_of(self, *arms: ArmPlan) -> float:
        """The share of the planned units that falls to these arms; never below 2."""
        share = sum(Fraction(arm.weight) for arm in arms)
        whole = sum(Fraction(arm.weight) for arm in self.arms)
        return max(2.0, float(self.planned_units * share / whole))

    def is_small(self, baseline: ArmPlan, variant: ArmPlan) -> bool:
        """Whether so few units are planned for an arm that approximations do not hold.

        Settled by the plan alone: a method that depended on the units so far would change under
        the eyes of who watches. Without random assignment no test over labels holds either.
        """
        weights = [Fraction(arm.weight) for arm in (baseline, variant)]
        whole = sum(Fraction(arm.weight) for arm in self.arms)
        return self.randomised and self.planned_units * min(weights) < FEWEST_PLANNED_UNITS * whole


class UncappedMoments(msgspec.Struct, frozen=True):
    """How many units a cap cut, and the sums of all of them as they were."""

    units: int = 0
    sums: Moments = Moments.zero()


class MetricMoments(msgspec.Struct, frozen=True):
    """Sums over mature units, and over those whose window is still open.

    `weeks` has the mature ones by week of exposure since the first, where known.
    """

    mature: Moments = Moments.zero()
    still_open: Moments = Moments.zero()
    uncapped: UncappedMoments | None = None
    weeks: Mapping[int, Moments] = {}


class UnitOutcome(msgspec.Struct, frozen=True):
    """One mature unit on one metric, in fixed-point steps; `place` is its place in the order of
    maturity over all arms."""

    place: int
    y: int
    d: int = 0


class ArmCounts(msgspec.Struct, frozen=True):
    """Units in the analysis, and mixed units left out, by the variant of their first exposure."""

    exposed: int = 0
    mixed: int = 0


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted so far; moments by (variant, metric key), units by variant.

    `exposed_by_day` has the units in the analysis by the day of their exposure, where known;
    `unit_outcomes` every mature unit by (variant, metric key), where few enough to be read.
    """

    moments: Mapping[tuple[str, str], MetricMoments]
    units: Mapping[str, ArmCounts]
    exposed_since: datetime | None
    """The first exposure; none before it."""
    backfill_complete: bool = True
    exposed_by_day: Mapping[date, Mapping[str, int]] = {}
    unit_outcomes: Mapping[tuple[str, str], tuple[UnitOutcome, ...]] | None = None
