"""Compiles a registered experiment into the form in which events are attributed to it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from attribution.filters import Predicate, Reader, predicate, reader
from attribution.measures import MeasureRule, compile_measure
from attribution.money import Rates
from schemas.caps import decimals_of, in_steps
from schemas.events import Event
from schemas.resources import (
    AssignmentExposure,
    EventFilter,
    ExperimentDraft,
    ExposureRule,
    MatchingExposure,
    Metric,
    MetricKind,
    MetricUse,
)

ASSIGNMENT_TYPE = "experiment.exposure"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EVER_US = 2**62
_COUNTING = (MetricKind.COUNT, MetricKind.CONVERSION)


@dataclass(frozen=True, slots=True)
class MetricRule:
    """One metric of one experiment, ready to be applied to events."""

    key: str
    kind: MetricKind
    numerator: MeasureRule
    denominator: MeasureRule | None
    window_us: int
    covariate_us: int

    reach_us: int
    """How long before its first exposure a unit's events may matter."""
    counts_types: bool
    """Every event of its types counts 1, without a cap; nothing else about the event matters."""
    cap: int | None = None
    """The largest value that an outcome or covariate counts as, where one is registered."""

    def may_count(self, name: str) -> bool:
        """Tell whether the metric counts any events of the type `name`."""
        if name in self.numerator.types:
            return True
        return self.denominator is not None and name in self.denominator.types


class MetricsByType(dict[str, tuple[int, ...]]):
    """The numbers of the metrics that may count an event, by its type; answers are remembered."""

    def __init__(self, metrics: tuple[MetricRule, ...]) -> None:
        super().__init__()
        self._metrics = metrics

    def __missing__(self, name: str) -> tuple[int, ...]:
        """Work out the answer for a type that was not seen before."""
        found = tuple(n for n, metric in enumerate(self._metrics) if metric.may_count(name))
        self[name] = found
        return found


@dataclass(frozen=True, slots=True)
class Exposure:
    """How an event shows which variant a unit met."""

    is_exposure: Predicate
    variant_of: Reader
    variant_numbers: Mapping[str, int]
    filter: EventFilter
    by_assignment: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """One frozen definition of an experiment. `id` names it in states and moments for ever."""

    id: int
    experiment: str
    by_contact: bool
    starts_us: int
    ends_us: int | None
    variants: tuple[str, ...]
    exposure: Exposure
    metrics: tuple[MetricRule, ...]
    metrics_by_type: MetricsByType
    rates: Rates

    def variant_of(self, event: Event) -> int | None:
        """Return the number of the variant that the exposure names, None where it names none."""
        name = _name_in_json(self.exposure.variant_of(event))
        return None if name is None else self.exposure.variant_numbers.get(name)


def compile_definition(
    definition_id: int,
    experiment: ExperimentDraft,
    metrics: Mapping[str, Metric],
    rates: Rates,
) -> Definition:
    """Return the definition; `metrics` holds the pinned version of every metric it uses."""
    variants = tuple(variant.key for variant in experiment.variants)
    compiled = tuple(_compile_metric(use, metrics[use.metric], rates) for use in experiment.metrics)
    return Definition(
        id=definition_id,
        experiment=experiment.key,
        by_contact=experiment.unit == "contact",
        starts_us=microseconds(experiment.starts_at),
        ends_us=microseconds(experiment.ends_at) if experiment.ends_at else None,
        variants=variants,
        exposure=_compile_exposure(experiment.key, experiment.exposure, variants),
        metrics=compiled,
        metrics_by_type=MetricsByType(compiled),
        rates=rates,
    )


def microseconds(moment: datetime) -> int:
    """Return exact microseconds since 1970 of a time that carries its offset."""
    return (moment - _EPOCH) // _MICROSECOND


def _name_in_json(value: Any) -> str | None:
    """Return a scalar as JSON writes it; what is absent or no scalar names nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def _compile_metric(use: MetricUse, metric: Metric, rates: Rates) -> MetricRule:
    covariate_us = use.covariate // _MICROSECOND if use.covariate else 0
    values_deals = metric.kind is MetricKind.LATEST_DEAL_VALUE
    return MetricRule(
        key=metric.key,
        kind=metric.kind,
        numerator=compile_measure(metric.measure, rates),
        denominator=compile_measure(metric.denominator, rates) if metric.denominator else None,
        window_us=metric.window // _MICROSECOND,
        covariate_us=covariate_us,
        # What was said of a deal last may have been said at any time.
        reach_us=_EVER_US if values_deals else covariate_us,
        counts_types=(
            metric.kind in _COUNTING
            and use.cap is None
            and metric.denominator is None
            and metric.measure.value is None
            and not metric.measure.filter.where
        ),
        cap=_cap(use, metric, rates),
    )


def _cap(use: MetricUse, metric: Metric, rates: Rates) -> int | None:
    if use.cap is None:
        return None
    return in_steps(metric.key, use.cap, decimals_of(metric, rates.exponents[rates.reporting]))


def _compile_exposure(key: str, rule: ExposureRule, variants: tuple[str, ...]) -> Exposure:
    numbers = {variant: number for number, variant in enumerate(variants)}
    if isinstance(rule, AssignmentExposure):
        return Exposure(
            is_exposure=_names_experiment(key),
            variant_of=reader("data.variant"),
            variant_numbers=numbers,
            filter=EventFilter(types=(ASSIGNMENT_TYPE,)),
            by_assignment=True,
        )
    return Exposure(
        is_exposure=predicate(rule.filter),
        variant_of=reader(rule.variant_from),
        variant_numbers=_mapped(rule, numbers),
        filter=rule.filter,
        by_assignment=False,
    )


def _names_experiment(key: str) -> Predicate:
    return lambda event: event.type == ASSIGNMENT_TYPE and event.data.get("experiment") == key


def _mapped(rule: MatchingExposure, numbers: dict[str, int]) -> dict[str, int]:
    if not rule.variants:
        return numbers
    return {value: numbers[variant] for value, variant in rule.variants.items()}
