"""Whether an experiment can conclude: the smallest effect that it would show. Pure."""

from datetime import timedelta

from pydantic import BaseModel

from api.house_history import PERIOD, HouseHistory
from inference.arms import Arm, arm_of_means
from inference.comparison import NotComparable
from inference.looks import AnyTime, Looks, PlannedLooks, SingleLook
from inference.moments import Moments
from inference.plan import ArmPlan, ExperimentPlan, MetricPlan
from inference.planning import Baseline, Design, NoPlan, ShareBaseline, Units, detectable_effect
from inference.ratios import arm_of_ratio
from schemas.resources import MetricKind

FEWEST_UNITS = 20
"""Outcomes in the past that a baseline is taken from; fewer say too little, and of too few."""

LARGEST_LIFT = 1.0
"""What has to more than double to show is explored, not tested."""


class Foretold(BaseModel):
    """What an experiment of the planned size would show on one primary metric.

    `baseline` is the mean, or the share that converts, of `units` units in the house's past;
    `smallest_effect` the smallest difference that shows with a chance of 80 %, and `as_lift` its
    share of the baseline. What cannot be foretold is absent, and `reason` says why.
    """

    metric: str
    units: int | None = None
    baseline: float | None = None
    smallest_effect: float | None = None
    as_lift: float | None = None
    reason: str | None = None

    @property
    def can_conclude(self) -> bool:
        """Whether an effect would show that people could hope for."""
        return self.as_lift is not None and abs(self.as_lift) <= LARGEST_LIFT

    @property
    def is_known(self) -> bool:
        """Whether the past says anything at all."""
        return self.baseline is not None


def foretold(plan: ExperimentPlan, history: HouseHistory) -> list[Foretold]:
    """Foretell every primary metric of an experiment with two arms or more."""
    return [
        _foretold(plan, metric, history.outcomes.get(metric.key))
        for metric in plan.metrics
        if metric.role == "primary"
    ]


def expected_units(history: HouseHistory, period: timedelta) -> int:
    """Return how many units would come in a period, if as many come as in the last 30 days."""
    return int(history.units * history.one_in * (period / PERIOD))


def _foretold(plan: ExperimentPlan, metric: MetricPlan, past: Moments | None) -> Foretold:
    if past is None:
        return Foretold(metric=metric.key, reason="window_too_long")
    if past.n < FEWEST_UNITS:
        return Foretold(metric=metric.key, reason="too_few_in_the_past")
    arm = _arm(metric, past)
    if isinstance(arm, NotComparable):
        return Foretold(metric=metric.key, reason=arm.reason.value)
    known = Foretold(metric=metric.key, units=past.n, baseline=float(arm.mean))
    smallest = _smallest(plan, metric, arm)
    if isinstance(smallest, NoPlan):
        return known.model_copy(update={"reason": smallest.reason.value})
    lift = smallest / float(arm.mean) if arm.mean else None
    return known.model_copy(update={"smallest_effect": smallest, "as_lift": lift})


def _arm(metric: MetricPlan, past: Moments) -> Arm | NotComparable:
    if metric.kind is MetricKind.RATIO:
        return arm_of_ratio(past, scale=metric.scale, denominator_scale=metric.denominator_scale)
    return arm_of_means(past, scale=metric.scale)


def _smallest(plan: ExperimentPlan, metric: MetricPlan, arm: Arm) -> float | NoPlan:
    control, *others = plan.control_first
    # The arm that gets the fewest units shows least.
    treatment = min((other for other in others if other.weight), key=lambda other: other.weight)
    units = Units(_units(plan, control), _units(plan, treatment))
    design = Design(
        alpha=plan.alpha / _questions(plan),
        treatment_per_control=units.treatment / units.control,
        looks=_looks(plan, control, treatment),
    )
    baseline = _baseline(metric, arm)
    decrease = metric.direction == "decrease"
    return detectable_effect(baseline, units, design, decrease=decrease)


def _units(plan: ExperimentPlan, arm: ArmPlan) -> int:
    return max(2, int(plan.planned_units_of(arm)))


def _questions(plan: ExperimentPlan) -> int:
    """Comparisons that share the error; the first step of Holm gives each an equal part."""
    primary = sum(metric.role == "primary" for metric in plan.metrics)
    return primary * (len(plan.arms) - 1 + len(plan.comparisons))


def _looks(plan: ExperimentPlan, control: ArmPlan, treatment: ArmPlan) -> Looks:
    if plan.is_small(control, treatment):
        return SingleLook()
    if plan.looks:
        return PlannedLooks(plan.looks if plan.looks[-1] == 1 else (*plan.looks, 1.0))
    return AnyTime()


def _baseline(metric: MetricPlan, arm: Arm) -> Baseline | ShareBaseline:
    if metric.kind is MetricKind.CONVERSION and 0 < arm.mean < 1:
        return ShareBaseline(float(arm.mean))
    return Baseline.of_arm(arm)
