"""The moments and counts of a whole history, recomputed naively from the rules as written down.

Independent of `attribution` on purpose: no import from it, no state, no increments, no index. Every
unit is looked up again for every metric, in time quadratic in the history, so that it is plain.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from schemas.events import Event
from schemas.resources import (
    AssignmentExposure,
    Condition,
    EventFilter,
    ExperimentDraft,
    Measure,
    Metric,
    MetricKind,
    MetricUse,
)

MOST = 10**13
EXACTLY = Context(prec=100, Emin=-999_999_999, Emax=999_999_999)
VERDICTS = ("deal.won", "deal.lost", "deal.reopened")

Sums = tuple[int, ...]
"""n, Σy, Σy², Σx, Σx², Σxy, Σd, Σd², Σyd, incomplete outcomes; capped units, Σu, Σu² uncapped."""


@dataclass(frozen=True)
class Money:
    """What amounts are worth: (currency, first day, units of the reporting currency for one)."""

    reporting: str
    rates: Sequence[tuple[str, date, Decimal]]
    decimals: Mapping[str, int]


@dataclass(frozen=True)
class Question:
    """A registered experiment with everything that decides its numbers."""

    number: int
    experiment: ExperimentDraft
    metrics: Mapping[str, Metric]
    money: Money


@dataclass(frozen=True)
class Totals:
    """Moments by definition, metric, variant, day; cohorts alike; strays by definition, reason."""

    moments: dict[tuple[int, int, int, int], Sums] = field(default_factory=dict)
    cohorts: dict[tuple[int, int, int], tuple[int, ...]] = field(default_factory=dict)
    strays: dict[tuple[int, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Unit:
    """One unit, its exposure events in order, and what happened around them."""

    exposures: Sequence[Event]
    variants: Sequence[int]
    own_events: Sequence[Event]


def recompute(questions: Iterable[Question], homes: Mapping[str, Sequence[Event]]) -> Totals:
    """Return what all events together say about all questions; `homes` holds each event once."""
    totals = Totals()
    for question in questions:
        for home, events in homes.items():
            _count_strays(totals, question, home, events)
            for unit in _units(question, home, events):
                _count_unit(totals, question, unit)
    return totals


def when(event: Event) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=event.time_us)


def _order(event: Event) -> tuple[datetime, str, str]:
    return when(event), event.source, event.id


# Exposure


def _count_strays(totals: Totals, question: Question, home: str, events: Sequence[Event]) -> None:
    reasons = (_why_stray(question, home, event) for event in _exposures(question, events))
    for reason, count in Counter(reason for reason in reasons if reason is not None).items():
        key = (question.number, reason)
        totals.strays[key] = totals.strays.get(key, 0) + count


def _exposures(question: Question, events: Sequence[Event]) -> list[Event]:
    return [event for event in events if _exposes(question.experiment, event)]


def _exposes(experiment: ExperimentDraft, event: Event) -> bool:
    rule = experiment.exposure
    if isinstance(rule, AssignmentExposure):
        named = event.data.get("experiment")
        return event.type == "experiment.exposure" and named == experiment.key
    return _passes(rule.filter, event)


def _why_stray(question: Question, home: str, event: Event) -> str | None:
    experiment = question.experiment
    if when(event) < experiment.starts_at:
        return "outside period"
    if experiment.ends_at is not None and when(event) >= experiment.ends_at:
        return "outside period"
    if _variant(experiment, event) is None:
        return "unknown variant"
    return "no unit" if _unit_key(experiment, home, event) is None else None


def _variant(experiment: ExperimentDraft, event: Event) -> int | None:
    rule = experiment.exposure
    keys = [variant.key for variant in experiment.variants]
    if isinstance(rule, AssignmentExposure):
        named = _text(event.data.get("variant"))
    else:
        named = _text(_read(event, rule.variant_from))
        if rule.variants:
            named = rule.variants.get(named or "") if named is not None else None
    return keys.index(named) if named in keys else None


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return {True: "true", False: "false"}[value]
    return str(value) if isinstance(value, str | int | float) else None


def _unit_key(experiment: ExperimentDraft, home: str, event: Event) -> str | None:
    if experiment.unit == "contact":
        return event.contact
    return None if home.startswith("contact:") else "the account"


def _units(question: Question, home: str, events: Sequence[Event]) -> Iterator[Unit]:
    experiment = question.experiment
    by_key: dict[str, list[Event]] = {}
    for event in sorted(_exposures(question, events), key=_order):
        key = _unit_key(experiment, home, event)
        if key is not None and _why_stray(question, home, event) is None:
            by_key.setdefault(key, []).append(event)
    if not by_key:
        return
    first_key = min(by_key, key=lambda key: (_order(by_key[key][0]), key))
    for key, exposures in by_key.items():
        variants = [_variant(experiment, exposure) for exposure in exposures]
        yield Unit(
            exposures=exposures,
            variants=[variant for variant in variants if variant is not None],
            own_events=[e for e in events if _belongs(experiment, e, key, first_key)],
        )


def _belongs(experiment: ExperimentDraft, event: Event, key: str, first_key: str) -> bool:
    if experiment.unit == "account":
        return True
    if event.type.startswith("deal."):
        return key == first_key
    return event.contact == key


def _count_unit(totals: Totals, question: Question, unit: Unit) -> None:
    variant, exposed_at = unit.variants[0], when(unit.exposures[0])
    day = (exposed_at.date() - date(1970, 1, 1)).days
    is_mixed = len(set(unit.variants)) > 1
    cohort = (question.number, variant, day)
    _add(totals.cohorts, cohort, (1, int(is_mixed), len(unit.exposures)))
    if is_mixed:
        return
    for number, use in enumerate(question.experiment.metrics):
        metric = question.metrics[use.metric]
        before = use.covariate or timedelta(0)
        y, d, x, incomplete = _outcome(metric, before, exposed_at, unit.own_events, question.money)
        (y, x), uncapped = _capped(use, metric, y, x, question.money)
        sums = (1, y, y * y, x, x * x, x * y, d, d * d, y * d, int(incomplete))
        _add(totals.moments, (question.number, number, variant, day), (*sums, *uncapped))


def _add(totals: dict[Any, tuple[int, ...]], key: Any, more: tuple[int, ...]) -> None:
    so_far = totals.get(key, (0,) * len(more))
    totals[key] = tuple(a + b for a, b in zip(so_far, more, strict=True))


# Outcomes


def _capped(
    use: MetricUse, metric: Metric, y: int, x: int, money: Money
) -> tuple[tuple[int, int], tuple[int, int, int]]:
    """Outcome and covariate as analysed; then capped units and sums of what was not capped."""
    if use.cap is None:
        return (y, x), (0, 0, 0)
    decimals = 0
    if metric.kind is MetricKind.LATEST_DEAL_VALUE or metric.measure.value == "amount":
        decimals = money.decimals[money.reporting]
    elif metric.measure.value is not None:
        decimals = metric.measure.scale
    most = int(use.cap * 10**decimals)
    kept = (most if y > most else y, most if x > most else x)
    return kept, (1 if y > most else 0, y, y * y)


def _outcome(
    metric: Metric, before: timedelta, exposed_at: datetime, events: Sequence[Event], money: Money
) -> tuple[int, int, int, bool]:
    end = exposed_at + metric.window
    if metric.kind is MetricKind.LATEST_DEAL_VALUE:
        y, y_unknown = _deals(metric.measure, exposed_at, end, events, money)
        x, _ = _deals(metric.measure, exposed_at - before, exposed_at, events, money)
        return y, 0, (x if before else 0), y_unknown
    y, y_unknown = _total(metric.measure, exposed_at, end, events, money)
    x, _ = _total(metric.measure, exposed_at - before, exposed_at, events, money)
    d, d_unknown = 0, False
    if metric.denominator is not None:
        d, d_unknown = _total(metric.denominator, exposed_at, end, events, money)
    if metric.kind is MetricKind.CONVERSION:
        y, x = int(y > 0), int(x > 0)
    return y, d, x, y_unknown or d_unknown


def _total(
    measure: Measure, start: datetime, end: datetime, events: Sequence[Event], money: Money
) -> tuple[int, bool]:
    values = [
        _value(measure, event, money)
        for event in events
        if start <= when(event) < end and _passes(measure.filter, event)
    ]
    return sum(value for value in values if value is not None), None in values


def _deals(
    measure: Measure, since: datetime, end: datetime, events: Sequence[Event], money: Money
) -> tuple[int, bool]:
    known = [
        event
        for event in sorted(events, key=_order)
        if event.deal is not None and when(event) < end and _passes(measure.filter, event)
    ]
    values = [
        _amount([event for event in known if event.deal == deal], money)
        for deal in {event.deal for event in known}
        if _stands_as_won([event for event in known if event.deal == deal], since)
    ]
    return sum(value for value in values if value is not None), None in values


def _stands_as_won(events: Sequence[Event], since: datetime) -> bool:
    verdicts = [event for event in events if event.type in VERDICTS]
    if not verdicts:
        return False
    return verdicts[-1].type == "deal.won" and when(verdicts[-1]) >= since


def _amount(events: Sequence[Event], money: Money) -> int | None:
    amounts = [event for event in events if event.amount is not None]
    return _worth(amounts[-1], money) if amounts else None


# Values


def _value(measure: Measure, event: Event, money: Money) -> int | None:
    if measure.value is None:
        return 1
    if measure.value == "amount":
        return _worth(event, money)
    value = _read(event, measure.value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = value if isinstance(value, str) else repr(value)
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?", text):
        return None
    return _bounded(_rounded(Decimal(text), measure.scale))


def _worth(event: Event, money: Money) -> int | None:
    if event.amount is None:
        return None
    if event.currency in {None, money.reporting}:
        return _bounded(event.amount)
    day = when(event).date()
    in_force = [(start, rate) for code, start, rate in money.rates if code == event.currency]
    in_force = [(start, rate) for start, rate in in_force if start <= day]
    if not in_force:
        return None
    amount = Decimal(event.amount).scaleb(-money.decimals[event.currency or ""], EXACTLY)
    worth = EXACTLY.multiply(amount, max(in_force)[1])
    return _bounded(_rounded(worth, money.decimals[money.reporting]))


def _rounded(number: Decimal, scale: int) -> int:
    if number.adjusted() > 40:
        return MOST + 1
    step = Decimal(1).scaleb(-scale)
    return int(number.quantize(step, ROUND_HALF_EVEN, EXACTLY).scaleb(scale, EXACTLY))


def _bounded(value: int) -> int | None:
    return value if -MOST <= value <= MOST else None


# Filters


def _passes(wanted: EventFilter, event: Event) -> bool:
    return any(_names(name, event.type) for name in wanted.types) and all(
        _holds(condition, event) for condition in wanted.where
    )


def _names(name: str, event_type: str) -> bool:
    if name.endswith(".*"):
        return event_type.startswith(name.removesuffix("*"))
    return event_type == name


def _holds(condition: Condition, event: Event) -> bool:
    value, wanted = _read(event, condition.field), condition.value
    match condition.op:
        case "eq":
            return _equal(value, wanted)
        case "ne":
            return not _equal(value, wanted)
        case "in":
            assert isinstance(wanted, tuple)
            return any(_equal(value, one) for one in wanted)
        case "exists":
            return (value is not None) == wanted
        case "gte" | "lte":
            assert isinstance(wanted, int)
            if _kind(value) != "number":
                return False
            return bool(value >= wanted if condition.op == "gte" else value <= wanted)


def _equal(value: Any, wanted: Any) -> bool:
    return _kind(value) == _kind(wanted) and bool(value == wanted)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "other"


def _read(event: Event, path: str) -> Any:
    first, *rest = path.split(".")
    value = getattr(event, first)
    for name in rest:
        value = value.get(name) if isinstance(value, dict) else None
    return value
