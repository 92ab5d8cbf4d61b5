"""Reads an experiment: moments in, readings with status and sentence out; nothing else does.

Pure: the same plan, observations and time give the same reading. A reading that is `collecting`
or `invalid` holds counts and a reason, never an estimate.
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from itertools import combinations

import msgspec

from inference.arms import Arm
from inference.comparison import Interval
from inference.pairs import PairReading, Sums, arm_of_outcomes, read_pair
from inference.plan import (
    ArmCounts,
    ArmPlan,
    Direction,
    ExperimentPlan,
    MetricMoments,
    MetricPlan,
    Observations,
    Role,
    Unit,
)
from inference.progress import expected_at
from inference.proportions import wilson
from inference.sample_ratio import SampleRatio, read_sample_ratio
from inference.sentences import sentence_of_mixed_units
from inference.statuses import (
    MIXED_SHARE_WARNING,
    Obstacle,
    mixed_share,
    obstacle_of_experiment,
)
from inference.welch import interval_of_mean
from inference.wording import Sentence
from schemas.resources import MetricKind


class ArmReading(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one variant: in the analysis, and mixed ones left out."""

    variant: str
    is_control: bool
    share: float
    """The registered share of the units, from the weights."""
    exposed: int
    mixed: int


class OutcomeReading(msgspec.Struct, frozen=True, kw_only=True):
    """One variant on one metric; mean and its interval are absent as long as nothing is shown."""

    variant: str
    n: int
    still_open: int
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None


class MetricReading(msgspec.Struct, frozen=True, kw_only=True):
    """All variants on one metric, each with the control and, after that, with each other.

    `expected_at` is when the planned units will be mature at the pace so far; absent once they are,
    and without a pace.
    """

    metric: str
    kind: MetricKind
    role: Role
    direction: Direction
    unit_label: str
    currency: str | None
    mature_units: int
    planned_units: int
    expected_at: datetime | None
    arms: tuple[OutcomeReading, ...]
    pairs: tuple[PairReading, ...]


class ExperimentReading(msgspec.Struct, frozen=True, kw_only=True):
    """What the data say at one time; the sample ratio exists for randomised experiments."""

    experiment: str
    read_at: datetime
    exposed_since: datetime | None
    unit: Unit
    randomised: bool
    planned_units: int
    arms: tuple[ArmReading, ...]
    mixed_share: float
    sample_ratio: SampleRatio | None
    cautions: tuple[Sentence, ...]
    metrics: tuple[MetricReading, ...]


def read_experiment(
    plan: ExperimentPlan, observations: Observations, *, now: datetime
) -> ExperimentReading:
    """Every metric and pair of arms; `ValueError` where counts name what the plan does not."""
    _refuse_unknown_keys(plan, observations)
    sample_ratio = _sample_ratio(plan, observations)
    obstacle = obstacle_of_experiment(observations, sample_ratio, now)
    share = mixed_share(*observations.units.values())
    return ExperimentReading(
        experiment=plan.key,
        read_at=now,
        exposed_since=observations.exposed_since,
        unit=plan.unit,
        randomised=plan.randomised,
        planned_units=plan.planned_units,
        arms=tuple(_read_arm(plan, observations, arm) for arm in plan.control_first),
        mixed_share=share,
        sample_ratio=sample_ratio,
        cautions=(sentence_of_mixed_units(share),) if share > MIXED_SHARE_WARNING else (),
        metrics=tuple(_read_metric(plan, observations, m, obstacle, now) for m in plan.metrics),
    )


def _sample_ratio(plan: ExperimentPlan, observations: Observations) -> SampleRatio | None:
    if not plan.randomised:
        return None
    arms = plan.control_first
    counts = [observations.units.get(arm.variant, ArmCounts()).exposed for arm in arms]
    return read_sample_ratio(counts, [Fraction(arm.weight) for arm in arms])


def _read_arm(plan: ExperimentPlan, observations: Observations, arm: ArmPlan) -> ArmReading:
    counts = observations.units.get(arm.variant, ArmCounts())
    return ArmReading(
        variant=arm.variant,
        is_control=arm.is_control,
        share=float(arm.weight / sum(other.weight for other in plan.arms)),
        exposed=counts.exposed,
        mixed=counts.mixed,
    )


def _read_metric(
    plan: ExperimentPlan,
    observations: Observations,
    metric: MetricPlan,
    obstacle: Obstacle | None,
    now: datetime,
) -> MetricReading:
    sums = _sums_of(plan, observations, metric)
    pairs = _read_pairs(plan, metric, sums, obstacle)
    shown = {name for pair in pairs if pair.is_shown for name in (pair.baseline, pair.variant)}
    mature_units = sum(moments.mature.n for moments in sums.values())
    return MetricReading(
        metric=metric.key,
        kind=metric.kind,
        role=metric.role,
        direction=metric.direction,
        unit_label=metric.unit_label,
        currency=metric.currency,
        mature_units=mature_units,
        planned_units=plan.planned_units,
        expected_at=_expected_at(plan, observations, metric, mature_units, now),
        arms=tuple(
            _read_outcome(plan, metric, variant, moments, is_shown=variant in shown)
            for variant, moments in sums.items()
        ),
        pairs=pairs,
    )


def _sums_of(
    plan: ExperimentPlan, observations: Observations, metric: MetricPlan
) -> dict[str, MetricMoments]:
    return {
        arm.variant: observations.moments.get((arm.variant, metric.key), MetricMoments())
        for arm in plan.control_first
    }


def _read_pairs(
    plan: ExperimentPlan,
    metric: MetricPlan,
    sums: dict[str, MetricMoments],
    obstacle: Obstacle | None,
) -> tuple[PairReading, ...]:
    return tuple(
        read_pair(plan, metric, pair, Sums(*(sums[arm.variant].mature for arm in pair)), obstacle)
        for pair in combinations(plan.control_first, 2)
    )


def _expected_at(
    plan: ExperimentPlan,
    observations: Observations,
    metric: MetricPlan,
    mature_units: int,
    now: datetime,
) -> datetime | None:
    if mature_units >= plan.planned_units:
        return None
    return expected_at(
        plan.planned_units,
        sum(counts.exposed for counts in observations.units.values()),
        exposed_since=observations.exposed_since,
        window=metric.window,
        now=now,
    )


def _read_outcome(
    plan: ExperimentPlan,
    metric: MetricPlan,
    variant: str,
    moments: MetricMoments,
    *,
    is_shown: bool,
) -> OutcomeReading:
    counts = OutcomeReading(variant=variant, n=moments.mature.n, still_open=moments.still_open.n)
    arm = arm_of_outcomes(metric, moments.mature) if is_shown else None
    if not isinstance(arm, Arm):
        return counts
    interval = _interval_of(metric, moments, arm, level=1 - plan.alpha)
    return msgspec.structs.replace(
        counts,
        mean=float(arm.mean),
        lower=interval.lower if interval else None,
        upper=interval.upper if interval else None,
    )


def _interval_of(
    metric: MetricPlan, moments: MetricMoments, arm: Arm, *, level: float
) -> Interval | None:
    if metric.kind is MetricKind.CONVERSION:
        return wilson(moments.mature.sum_y, arm.n, level=level)
    return interval_of_mean(arm, level=level)


def _refuse_unknown_keys(plan: ExperimentPlan, observations: Observations) -> None:
    variants = {arm.variant for arm in plan.arms}
    keys = {(variant, metric.key) for variant in variants for metric in plan.metrics}
    strangers = set(observations.units) - variants
    if strangers:
        raise ValueError(f"units: {sorted(strangers)} are no variants of {plan.key!r}")
    unknown = set(observations.moments) - keys
    if unknown:
        raise ValueError(f"moments: {sorted(unknown)} are no variant and metric of {plan.key!r}")
