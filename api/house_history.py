"""What a draft would have met in the house's own past: by the very rules of attribution. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from attribution.definitions import Definition, Exposure, microseconds
from attribution.evaluate import evaluate
from attribution.filters import predicate
from attribution.outcomes import Outcome, outcome_of
from inference.moments import Moments
from schemas.events import Event
from schemas.partitioning import CONTACT_PREFIX
from schemas.resources import EventFilter
from storage.recent_events import RecentEvents

PERIOD = timedelta(days=30)
LONGEST_WINDOW = timedelta(days=90)
"""Outcomes with a longer window are not foretold: it would take a year of log to know them."""

ANY_TOUCH = EventFilter(types=("engagement.*",))
"""Stands in for an assignment that has not begun: whom the house is in touch with."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseHistory:
    """What is known of the last 30 days, and of outcomes whose windows have passed.

    All counts are of the accounts looked at: one in `one_in`. `homes` met the exposure rule, or
    were touched at all where units are assigned; `units` counts units alike. `outcomes` are those
    of units that were met in 30 days early enough for their window to have passed.
    """

    one_in: int
    exposure_events: int
    by_variant: Mapping[str, int]
    unknown_variant: int
    homes: Sequence[str]
    units: int
    metric_events: Mapping[str, int]
    outcomes: Mapping[str, Moments]


def history_of(
    definition: Definition, recent: RecentEvents, primary: Collection[str]
) -> HouseHistory:
    """Replay the log under a definition that is not registered; `recent` ends now.

    Outcomes are those on the primary metrics.
    """
    newest = microseconds(recent.until - PERIOD)
    last = [(home, event) for home, event in recent.events if event.time_us >= newest]
    exposures = [event for _, event in last if definition.exposure.is_exposure(event)]
    met = _stand_in(definition)
    meetings = [(home, event) for home, event in last if met.is_exposure(event)]
    variants = [definition.variant_of(event) for event in exposures]
    named = Counter(definition.variants[number] for number in variants if number is not None)
    return HouseHistory(
        one_in=recent.one_in,
        exposure_events=len(exposures),
        by_variant={key: named[key] for key in definition.variants if key in named},
        unknown_variant=variants.count(None),
        homes=sorted({home for home, _ in meetings if not home.startswith(CONTACT_PREFIX)}),
        units=len(_units(definition, meetings)),
        metric_events=_metric_events(definition, (event for _, event in last)),
        outcomes=_outcomes(replace(definition, exposure=met), recent, primary),
    )


def longest_needed(windows: Iterable[timedelta]) -> timedelta:
    """Return how far before the last 30 days the log has to be read."""
    return max((w for w in windows if w <= LONGEST_WINDOW), default=timedelta(0))


def _stand_in(definition: Definition) -> Exposure:
    """An exposure rule for the past: any variant is as good, for none was treated yet."""
    own = definition.exposure
    return Exposure(
        is_exposure=predicate(ANY_TOUCH) if own.by_assignment else own.is_exposure,
        variant_of=lambda _: definition.variants[0],
        variant_numbers={definition.variants[0]: 0},
        filter=ANY_TOUCH if own.by_assignment else own.filter,
        by_assignment=False,
    )


def _units(definition: Definition, meetings: Sequence[tuple[str, Event]]) -> set[str]:
    if definition.by_contact:
        return {event.contact for _, event in meetings if event.contact is not None}
    return {home for home, _ in meetings if not home.startswith(CONTACT_PREFIX)}


def _metric_events(definition: Definition, events: Iterable[Event]) -> dict[str, int]:
    found = dict.fromkeys((rule.key for rule in definition.metrics), 0)
    for event in events:
        for number in definition.metrics_by_type[event.type]:
            rule = definition.metrics[number]
            measures = (rule.numerator, rule.denominator)
            found[rule.key] += any(m is not None and m.matches(event) for m in measures)
    return found


def _outcomes(
    definition: Definition, recent: RecentEvents, primary: Collection[str]
) -> dict[str, Moments]:
    histories: dict[str, list[Event]] = {}
    for home, event in recent.events:
        histories.setdefault(home, []).append(event)
    windows = {rule.window_us for rule in definition.metrics if rule.key in primary}
    found: dict[str, Moments] = {}
    for window_us in sorted(windows):
        until_us = microseconds(recent.until) - window_us
        since_us = until_us - microseconds(_EPOCH + PERIOD)
        if since_us >= microseconds(recent.since):
            past = replace(definition, starts_us=since_us, ends_us=until_us)
            found |= _moments(past, histories, window_us)
    return found


def _moments(
    past: Definition, histories: Mapping[str, Sequence[Event]], window_us: int
) -> dict[str, Moments]:
    outcomes: dict[str, list[Outcome]] = {
        rule.key: [] for rule in past.metrics if rule.window_us == window_us
    }
    for home, history in histories.items():
        entry = evaluate(past, home, history)
        for unit in entry.units.values() if entry is not None else ():
            for rule, sums in zip(past.metrics, unit.sums, strict=True):
                if rule.key in outcomes:
                    outcomes[rule.key].append(outcome_of(rule, sums, unit.first[0]))
    return {key: _summed(found) for key, found in outcomes.items()}


def _summed(outcomes: Sequence[Outcome]) -> Moments:
    return Moments(
        n=len(outcomes),
        sum_y=sum(o.y for o in outcomes),
        sum_yy=sum(o.y * o.y for o in outcomes),
        sum_d=sum(o.d for o in outcomes),
        sum_dd=sum(o.d * o.d for o in outcomes),
        sum_yd=sum(o.y * o.d for o in outcomes),
    )
