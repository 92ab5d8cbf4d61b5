"""Tells which stored events can change a figure of one definition, and what of them is read. Pure.

Promise: `evaluate` gives the same entry from what is told here as from a whole history. A backfill
reads no more than that.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from attribution.definitions import ASSIGNMENT_TYPE, Definition
from schemas.event_filters import EventFilter
from schemas.metric_definitions import Measure, Metric, MetricKind
from schemas.resources import ExperimentDraft, ExposureRule, MatchingExposure

FOR_EVER_US = 2**62
"""Later than any event."""

_STAMP = frozenset({"source", "id"})
_MONEY = frozenset({"amount", "currency"})


@dataclass(frozen=True, slots=True)
class TypeNames:
    """Event types by name and by what they begin with, and the families that hold them all."""

    exact: tuple[str, ...]
    prefixes: tuple[str, ...]

    @property
    def families(self) -> tuple[str, ...]:
        """The first segments of all names: what the table of events is partitioned by."""
        return tuple(sorted({name.split(".")[0] for name in (*self.exact, *self.prefixes)}))

    def names(self, event_type: str) -> bool:
        """Tell whether events of this type are among them."""
        return event_type in self.exact or event_type.startswith(self.prefixes)


@dataclass(frozen=True, slots=True)
class Relevance:
    """What a build of one definition has to read.

    Only homes with an event of `exposing` types can hold anything, and for exposure by assignment
    only where that event's data holds the text `naming`. Of a home's history, events of `whole`
    types matter whatever their time, those of `timely` types from `from_us` until `until_us`.
    Assignments to other experiments matter to none but a metric that counts assignments.
    """

    exposing: TypeNames
    naming: str | None
    counts_assignments: bool
    whole: TypeNames
    whole_fields: frozenset[str]
    timely: TypeNames
    timely_fields: frozenset[str]
    from_us: int
    until_us: int

    @property
    def naming_in_whole(self) -> str | None:
        """The text that assignments which matter hold, where not all of them do."""
        return None if self.counts_assignments else self.naming

    @property
    def counts_times(self) -> bool:
        """Tell whether nothing but the time matters of an event of a timely type."""
        return not self.timely_fields


def relevance_of(
    definition: Definition, experiment: ExperimentDraft, metrics: Mapping[str, Metric]
) -> Relevance:
    """Return what matters to a definition that was compiled from this experiment and its metrics.

    An exposure from outside the period is counted as a stray, and a deal is valued by all that was
    ever said of it: of these no time is left out.
    """
    used = [metrics[use.metric] for use in experiment.metrics]
    exposing = definition.exposure.filter
    deals = [m for m in used if m.kind is MetricKind.LATEST_DEAL_VALUE]
    others = [m for m in used if m.kind is not MetricKind.LATEST_DEAL_VALUE]
    unit = frozenset({"contact"} if definition.by_contact else ())
    counted = unit.union(*map(_fields_of_metric, others))
    return Relevance(
        exposing=_type_names([exposing]),
        # Keys are of letters, digits and hyphens: JSON writes them as they are.
        naming=f'"{experiment.key}"' if definition.exposure.by_assignment else None,
        counts_assignments=any(rule.may_count(ASSIGNMENT_TYPE) for rule in definition.metrics),
        whole=_type_names([exposing, *(m.measure.filter for m in deals)]),
        whole_fields=counted.union(
            _STAMP, _fields_of_exposure(experiment.exposure), *map(_fields_of_metric, deals)
        ),
        timely=_type_names(m.filter for metric in others for m in _measures(metric)),
        timely_fields=counted,
        from_us=definition.starts_us - max(rule.covariate_us for rule in definition.metrics),
        until_us=_until_us(definition),
    )


def _until_us(definition: Definition) -> int:
    if definition.ends_us is None:
        return FOR_EVER_US
    return definition.ends_us + max(rule.window_us for rule in definition.metrics)


def _fields_of_exposure(rule: ExposureRule) -> frozenset[str]:
    if not isinstance(rule, MatchingExposure):
        return frozenset({"data"})
    return _fields_asked(rule.filter) | {_attribute(rule.variant_from)}


def _fields_of_metric(metric: Metric) -> frozenset[str]:
    found = frozenset[str]().union(*(_fields_of_measure(one) for one in _measures(metric)))
    if metric.kind is MetricKind.LATEST_DEAL_VALUE:
        found |= _STAMP | _MONEY | {"deal"}
    return found


def _fields_of_measure(measure: Measure) -> frozenset[str]:
    asked = _fields_asked(measure.filter)
    if measure.value is None:
        return asked
    return asked | (_MONEY if measure.value == "amount" else {_attribute(measure.value)})


def _measures(metric: Metric) -> Iterator[Measure]:
    yield metric.measure
    if metric.denominator is not None:
        yield metric.denominator


def _fields_asked(event_filter: EventFilter) -> frozenset[str]:
    return frozenset(_attribute(condition.field) for condition in event_filter.where)


def _attribute(path: str) -> str:
    return path.split(".", maxsplit=1)[0]


def _type_names(filters: Iterable[EventFilter]) -> TypeNames:
    names: Sequence[str] = sorted({name for one in filters for name in one.types})
    return TypeNames(
        exact=tuple(name for name in names if not name.endswith(".*")),
        prefixes=tuple(name[:-1] for name in names if name.endswith(".*")),
    )
