"""Reads an experiment: moments in, readings with status and sentence out; nothing else does.

Pure: the same plan, observations and time give the same reading. A reading that is `collecting`
or `invalid` holds counts and a reason, never an estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

import msgspec
import numpy as np

from inference import reasons
from inference.arms import Arms
from inference.comparison import Reason
from inference.decisions import DecisionReading, decide
from inference.evidence import Assignment, Delivery, Grade, grade_of, sentence_of
from inference.layout import layout_of
from inference.outcomes import OutcomeReading, read_outcomes
from inference.pair_table import arms_of, read_pairs
from inference.pairs import PairReading, pair_reading
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
from inference.sample_ratio import SampleRatio, read_sample_ratio
from inference.sample_ratio_over_time import DailySampleRatio, read_daily_sample_ratio
from inference.sentences import sentence_of_mixed_units
from inference.small_experiments import NO_UNIT_ROWS, unit_rows_of
from inference.statuses import MIXED_SHARE_WARNING, mixed_share, obstacle_of_experiment
from inference.sums import Sums
from inference.views import with_views
from schemas.resources import MetricKind
from schemas.wording import Sentence


class ArmReading(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one variant: in the analysis, and mixed ones left out."""

    variant: str
    is_control: bool
    share: float
    """The registered share of the units, from the weights."""
    exposed: int
    mixed: int


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
    evidence: Grade
    evidence_sentence: Sentence
    cautions: tuple[Sentence, ...]
    metrics: tuple[MetricReading, ...]
    decisions: tuple[DecisionReading, ...] = ()
    sample_ratio_by_day: DailySampleRatio | None = None
    """Exists where units are counted by day."""


def read_experiment(
    plan: ExperimentPlan, observations: Observations, *, now: datetime
) -> ExperimentReading:
    """Every metric and pair of arms; `ValueError` where counts name what the plan does not."""
    _refuse_unknown_keys(plan, observations)
    sample_ratio = _sample_ratio(plan, observations)
    by_day = _sample_ratio_by_day(plan, observations)
    obstacle = _obstacle(observations, now, sample_ratio, by_day)
    share = mixed_share(*observations.units.values())
    metrics = _read_metrics(plan, observations, obstacle, now)
    grade = _grade(plan, share)
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
        evidence=grade,
        evidence_sentence=sentence_of(grade),
        cautions=(sentence_of_mixed_units(share),) if share > MIXED_SHARE_WARNING else (),
        metrics=metrics,
        decisions=_decisions(plan, metrics),
        sample_ratio_by_day=by_day,
    )


def obstacle_of(
    plan: ExperimentPlan, observations: Observations, *, now: datetime
) -> Reason | None:
    """What keeps every metric of the experiment from being read, if anything."""
    sample_ratio = _sample_ratio(plan, observations)
    by_day = _sample_ratio_by_day(plan, observations)
    return _obstacle(observations, now, sample_ratio, by_day)


def _obstacle(
    observations: Observations,
    now: datetime,
    sample_ratio: SampleRatio | None,
    by_day: DailySampleRatio | None,
) -> Reason | None:
    alarm = any(ratio is not None and ratio.alarm for ratio in (sample_ratio, by_day))
    return obstacle_of_experiment(observations, now, sample_ratio_alarm=alarm)


def _grade(plan: ExperimentPlan, mixed: float) -> Grade:
    """Mixed units are what shows that assignment and delivery came apart."""
    if not plan.randomised:
        return grade_of(Assignment.CHOSEN)
    broken = mixed > MIXED_SHARE_WARNING
    return grade_of(Assignment.RANDOMISED, Delivery.BROKEN if broken else Delivery.INTACT)


def _sample_ratio(plan: ExperimentPlan, observations: Observations) -> SampleRatio | None:
    if not plan.randomised:
        return None
    arms = plan.control_first
    counts = [observations.units.get(arm.variant, ArmCounts()).exposed for arm in arms]
    return read_sample_ratio(counts, [Fraction(arm.weight) for arm in arms])


def _sample_ratio_by_day(
    plan: ExperimentPlan, observations: Observations
) -> DailySampleRatio | None:
    if not plan.randomised or not observations.exposed_by_day:
        return None
    arms = plan.control_first
    days = {
        day: [counts.get(arm.variant, 0) for arm in arms]
        for day, counts in observations.exposed_by_day.items()
    }
    return read_daily_sample_ratio(days, [Fraction(arm.weight) for arm in arms])


def _read_arm(plan: ExperimentPlan, observations: Observations, arm: ArmPlan) -> ArmReading:
    counts = observations.units.get(arm.variant, ArmCounts())
    return ArmReading(
        variant=arm.variant,
        is_control=arm.is_control,
        share=float(arm.weight / sum(other.weight for other in plan.arms)),
        exposed=counts.exposed,
        mixed=counts.mixed,
    )


class _Table(NamedTuple):
    """All cells and pairs of the experiment, read at once; those of a metric follow one another."""

    cells: Sequence[MetricMoments]
    arms: Arms
    pairs: Sequence[PairReading]


def _read_metrics(
    plan: ExperimentPlan, observations: Observations, obstacle: Reason | None, now: datetime
) -> tuple[MetricReading, ...]:
    layout, cells = layout_of([plan]), _cells_of(plan, observations)
    sums = Sums.of([cell.mature for cell in cells])
    units = NO_UNIT_ROWS if obstacle else unit_rows_of(layout, observations, now=now)
    table = read_pairs(layout, sums, np.array([reasons.code_of(obstacle)], dtype=np.int8), units)
    pairs = [pair_reading(layout, table, row) for row in range(len(layout.pairs))]
    whole = _Table(cells, arms_of(layout.cells, sums), pairs)
    return tuple(
        _read_metric(plan, observations, metric, _part_of(whole, number, plan), now)
        for number, metric in enumerate(plan.metrics)
    )


def _read_metric(
    plan: ExperimentPlan,
    observations: Observations,
    metric: MetricPlan,
    table: _Table,
    now: datetime,
) -> MetricReading:
    mature_units = sum(cell.mature.n for cell in table.cells)
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
        arms=read_outcomes(plan, metric, table.cells, table.arms, table.pairs),
        pairs=with_views(plan, metric, table.cells, table.arms, table.pairs),
    )


def _part_of(table: _Table, number: int, plan: ExperimentPlan) -> _Table:
    """The cells and pairs of the metric with this number."""
    arms, pairs = len(plan.arms), len(table.pairs) // len(plan.metrics)
    cells = np.arange(number * arms, (number + 1) * arms)
    return _Table(
        table.cells[number * arms : (number + 1) * arms],
        table.arms.take(cells),
        table.pairs[number * pairs : (number + 1) * pairs],
    )


def _cells_of(plan: ExperimentPlan, observations: Observations) -> list[MetricMoments]:
    return [
        observations.moments.get((arm.variant, metric.key), MetricMoments())
        for metric in plan.metrics
        for arm in plan.control_first
    ]


def _decisions(
    plan: ExperimentPlan, metrics: Sequence[MetricReading]
) -> tuple[DecisionReading, ...]:
    """One per variant, against the control; none where nobody was assigned at random."""
    if not plan.randomised:
        return ()
    control, *variants = plan.control_first
    by_variant = {
        (pair.variant, metric.metric): pair.status
        for metric in metrics
        for pair in metric.pairs
        if pair.baseline == control.variant
    }
    return tuple(
        decide(plan, arm, {m.key: by_variant[arm.variant, m.key] for m in plan.metrics})
        for arm in variants
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


def _refuse_unknown_keys(plan: ExperimentPlan, observations: Observations) -> None:
    variants = {arm.variant for arm in plan.arms}
    keys = {(variant, metric.key) for variant in variants for metric in plan.metrics}
    strangers = set(observations.units) - variants
    if strangers:
        raise ValueError(f"units: {sorted(strangers)} are no variants of {plan.key!r}")
    unknown = set(observations.moments) - keys
    if unknown:
        raise ValueError(f"moments: {sorted(unknown)} are no variant and metric of {plan.key!r}")
