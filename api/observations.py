"""From stored totals to what a reading is made of: the plan, and sums split by maturity. Pure.

A cohort is mature once the window of the last unit it may hold has passed: at the end of its UTC
day plus the window. So a unit enters the decision once, with all others of its day.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec.structs import replace

from attribution.increments import Cell, CellIncrement, CohortCounts
from attribution.money import DAY_US
from inference.moments import Moments
from inference.plan import (
    ArmCounts,
    ArmPlan,
    ExperimentPlan,
    MetricMoments,
    MetricPlan,
    Observations,
    UncappedMoments,
    UnitOutcome,
)
from schemas.currencies import MINOR_DIGITS
from schemas.resources import Measure, Metric, MetricKind, MetricUse, Variant
from storage.definitions import DefinitionBody
from storage.readings import ExperimentTotals
from storage.unit_outcomes import UnitOutcomes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def plan_of(body: DefinitionBody) -> ExperimentPlan:
    """Return the frozen definition as inference reads it."""
    experiment = body.experiment
    currency = body.reporting_currency
    return ExperimentPlan(
        key=experiment.key,
        arms=tuple(_arm(variant) for variant in experiment.variants),
        metrics=tuple(
            _metric(
                use,
                body.metrics[use.metric],
                currency,
                is_invalidated=body.is_invalidated(use.metric),
            )
            for use in experiment.metrics
        ),
        planned_units=experiment.planned_units,
        unit=experiment.unit,
        randomised=experiment.randomised,
        alpha=float(experiment.alpha),
        comparisons=experiment.comparisons,
        looks=tuple(float(look) for look in experiment.looks),
        ends_at=experiment.ends_at,
    )


def observations_of(totals: ExperimentTotals, *, now: datetime) -> Observations:
    """Return what was counted, split into mature and still open at the time `now`."""
    experiment = totals.body.experiment
    keys = [use.metric for use in experiment.metrics]
    variants = [variant.key for variant in experiment.variants]
    windows = [totals.body.metrics[key].window for key in keys]
    first = min((cohort.day for cohort, n in totals.cohorts.items() if n.units), default=None)
    capped = [use.cap is not None for use in experiment.metrics]
    moments: dict[tuple[str, str], MetricMoments] = {}
    for cell, increment in totals.cells.items():
        name = (variants[cell.variant], keys[cell.metric])
        sums = moments.get(name, MetricMoments())
        if is_mature(cell.day, windows[cell.metric], now):
            week = _week(cell.day, first)
            moments[name] = _matured(sums, increment, week, is_capped=capped[cell.metric])
        else:
            still_open = sums.still_open + increment.moments
            moments[name] = replace(sums, still_open=still_open)
    return Observations(
        moments=moments,
        units=_units(variants, totals),
        exposed_since=None if first is None else start_of(first),
        backfill_complete=totals.is_built,
        exposed_by_day=_exposed_by_day(variants, totals),
    )


def is_mature(day: int, window: timedelta, now: datetime) -> bool:
    """Tell whether every unit first exposed on this day has passed its window."""
    return start_of(day) + _DAY + window <= now


def start_of(day: int) -> datetime:
    """Return midnight UTC of a day counted from 1970-01-01."""
    return _EPOCH + day * _DAY


def incomplete_units(totals: ExperimentTotals) -> dict[tuple[str, str], int]:
    """Return, by variant and metric, how many outcomes miss a part that could not be read."""
    experiment = totals.body.experiment
    found: dict[tuple[str, str], int] = {}
    for cell, increment in totals.cells.items():
        if increment.incomplete:
            name = _name_of(cell, experiment.variants, experiment.metrics)
            found[name] = found.get(name, 0) + increment.incomplete
    return found


def _name_of(
    cell: Cell, variants: tuple[Variant, ...], metrics: tuple[MetricUse, ...]
) -> tuple[str, str]:
    return variants[cell.variant].key, metrics[cell.metric].metric


def _arm(variant: Variant) -> ArmPlan:
    return ArmPlan(
        variant=variant.key, weight=variant.weight, is_control=variant.control, name=variant.name
    )


def _metric(use: MetricUse, metric: Metric, currency: str, *, is_invalidated: bool) -> MetricPlan:
    digits = MINOR_DIGITS[currency]
    is_money = metric.kind is MetricKind.LATEST_DEAL_VALUE or metric.measure.value == "amount"
    return MetricPlan(
        key=metric.key,
        kind=metric.kind,
        window=metric.window,
        role=use.role,
        scale=digits if is_money else metric.measure.scale,
        denominator_scale=_scale(metric.denominator, digits),
        name=metric.name,
        unit_label=metric.unit_label,
        currency=currency if is_money else metric.currency,
        direction=metric.direction,
        has_covariate=use.covariate is not None,
        equivalence=None if use.equivalence is None else float(use.equivalence),
        margin=None if use.margin is None else float(use.margin),
        is_share=metric.is_share,
        is_invalidated=is_invalidated,
    )


def _scale(measure: Measure | None, digits: int) -> int:
    if measure is None:
        return 0
    return digits if measure.value == "amount" else measure.scale


def _matured(
    sums: MetricMoments, more: CellIncrement, week: int, *, is_capped: bool
) -> MetricMoments:
    weeks = {**sums.weeks, week: sums.weeks.get(week, Moments.zero()) + more.moments}
    return replace(
        sums,
        mature=sums.mature + more.moments,
        weeks=weeks,
        uncapped=_uncapped(sums.uncapped, more) if is_capped else None,
    )


def _uncapped(sums: UncappedMoments | None, more: CellIncrement) -> UncappedMoments:
    before = sums or UncappedMoments()
    found = more.uncapped
    as_they_were = Moments(more.moments.n, found.sum_y, found.sum_yy)
    return UncappedMoments(before.units + found.units, before.sums + as_they_were)


def mature_units(
    body: DefinitionBody, units: Sequence[UnitOutcomes], now: datetime
) -> dict[tuple[str, str], tuple[UnitOutcome, ...]]:
    """Return every mature unit on every metric, from all units in the order of their exposure.

    All windows of a metric are as long, so units mature in that order too.
    """
    found: dict[tuple[str, str], list[UnitOutcome]] = {}
    for place, unit in enumerate(units):
        variant = body.experiment.variants[unit.variant].key
        day = unit.exposed_us // DAY_US
        for use, outcome in zip(body.experiment.metrics, unit.outcomes, strict=True):
            if is_mature(day, body.metrics[use.metric].window, now):
                one = UnitOutcome(place, outcome.y, outcome.d)
                found.setdefault((variant, use.metric), []).append(one)
    return {name: tuple(outcomes) for name, outcomes in found.items()}


def _week(day: int, first: int | None) -> int:
    """Weeks since the first exposure: no calendar's, so that each has seven days."""
    return 0 if first is None else (day - first) // 7


def _units(variants: list[str], totals: ExperimentTotals) -> dict[str, ArmCounts]:
    counts: dict[str, list[CohortCounts]] = {key: [] for key in variants}
    for cohort, found in totals.cohorts.items():
        counts[variants[cohort.variant]].append(found)
    return {
        key: ArmCounts(
            exposed=sum(c.units - c.mixed for c in found), mixed=sum(c.mixed for c in found)
        )
        for key, found in counts.items()
    }


def _exposed_by_day(variants: list[str], totals: ExperimentTotals) -> dict[date, dict[str, int]]:
    found: dict[date, dict[str, int]] = {}
    for cohort, counts in totals.cohorts.items():
        if exposed := counts.units - counts.mixed:
            day = found.setdefault(start_of(cohort.day).date(), {})
            day[variants[cohort.variant]] = exposed
    return found
