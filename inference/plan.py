"""What a reading is made from: the experiment as registered, and what was counted so far."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from inference.moments import Moments
from schemas.resources import MetricKind

Unit = Literal["account", "contact"]
Role = Literal["primary", "secondary", "guardrail"]
Direction = Literal["increase", "decrease"]


class ArmPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A variant with its relative weight; `name` is what sentences call it."""

    variant: str
    weight: Decimal = Decimal(1)
    is_control: bool = False
    name: str = ""


class MetricPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A metric in an experiment.

    `scale` and `denominator_scale` are the decimal places of the fixed-point sums;
    `equivalence` is the largest difference, in units, that does not matter.
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


class ExperimentPlan(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment as registered; `planned_units` are mature units over all variants."""

    key: str
    arms: tuple[ArmPlan, ...]
    metrics: tuple[MetricPlan, ...]
    planned_units: int
    unit: Unit = "account"
    randomised: bool = True
    alpha: float = 0.05

    def __post_init__(self) -> None:
        variants = [arm.variant for arm in self.arms]
        if len(variants) < 2 or len(set(variants)) != len(variants):
            raise ValueError("arms: at least two, every variant once")
        if sum(arm.is_control for arm in self.arms) != 1:
            raise ValueError("arms: exactly one is the control")
        if any(arm.weight < 0 for arm in self.arms) or not any(arm.weight for arm in self.arms):
            raise ValueError("arms: no weight below 0, and at least one above")
        if self.planned_units < 2:
            raise ValueError("planned_units: at least 2")
        if not 1e-100 <= self.alpha <= 0.5:
            raise ValueError("alpha: between 1e-100 and 0.5")

    @property
    def control_first(self) -> tuple[ArmPlan, ...]:
        """The arms as registered, the control moved to the front."""
        return tuple(sorted(self.arms, key=lambda arm: not arm.is_control))

    def planned_units_of(self, *arms: ArmPlan) -> float:
        """The share of the planned units that falls to these arms; never below 2."""
        share = sum(Fraction(arm.weight) for arm in arms)
        whole = sum(Fraction(arm.weight) for arm in self.arms)
        return max(2.0, float(self.planned_units * share / whole))


class MetricMoments(msgspec.Struct, frozen=True):
    """Sums over mature units, and over those whose window is still open."""

    mature: Moments = Moments.zero()
    still_open: Moments = Moments.zero()


class ArmCounts(msgspec.Struct, frozen=True):
    """Units in the analysis, and mixed units left out, by the variant of their first exposure."""

    exposed: int = 0
    mixed: int = 0


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted so far; moments by (variant, metric key), units by variant."""

    moments: Mapping[tuple[str, str], MetricMoments]
    units: Mapping[str, ArmCounts]
    exposed_since: datetime | None
    """The first exposure; none before it."""
    backfill_complete: bool = True
