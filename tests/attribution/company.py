"""One small company to write rules down with: an experiment, metrics and events at given hours."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from attribution.definitions import Definition, compile_definition
from attribution.increments import CellIncrement, Uncapped
from attribution.money import Rates
from inference.moments import Moments
from schemas.events import Event
from schemas.resources import (
    EventFilter,
    ExperimentDraft,
    Measure,
    Metric,
    MetricKind,
    MetricUse,
    Side,
    Variant,
)
from tests.attribution.deliveries import Stream

STARTS_AT = datetime(2025, 3, 3, tzinfo=UTC)
STARTS_US = 1_740_960_000_000_000
HOUR_US = 3_600_000_000
DAY = 20_150
"""2025-03-03 in days since 1970."""
EUROS_ONLY = Rates("EUR", [], {"EUR": 2})

_ids = count()


def event(event_type: str, hour: float = 1, *, off_us: int = 0, **fields: Any) -> Event:
    """An event of account acme, `hour` hours (and `off_us`) after the start of the experiment."""
    place = {} if {"account", "contact"} & fields.keys() else {"account": "acme"}
    fields = {"source": "crm", "id": str(next(_ids)), **place, **fields}
    return Event(type=event_type, time_us=STARTS_US + int(hour * HOUR_US) + off_us, **fields)


def exposure(variant: Any, hour: float = 1, *, off_us: int = 0, **fields: Any) -> Event:
    data = {"experiment": "call-first", "variant": variant}
    return event("experiment.exposure", hour, off_us=off_us, **{"data": data, **fields})


def metric(kind: MetricKind, types: Sequence[str] = ("lead.accepted",), **fields: Any) -> Metric:
    """A metric with a window of ten hours over events of these types."""
    measure = Measure(
        filter=EventFilter(types=tuple(types), where=fields.pop("where", ())),
        value=fields.pop("value", None),
        scale=fields.pop("scale", 0),
    )
    given = {"key": kind.replace("_", "-"), "window": timedelta(hours=10), "measure": measure}
    words = {"name": "m", "meaning": "m", "owner": Side.SALES}
    kept = {"kind": kind, "version": 1, "created_at": STARTS_AT}
    return Metric(**{**words, **kept, **given, **fields})


def experiment(*keys: str, covariate_hours: int = 0, **fields: Any) -> ExperimentDraft:
    covariate = timedelta(hours=covariate_hours) if covariate_hours else None
    cap = fields.pop("cap", None)
    given = {
        "key": "call-first",
        "name": "Call first",
        "hypothesis": "Accounts that are called before the first mail accept more.",
        "owner": Side.MARKETING,
        "variants": (Variant(key="mail", control=True), Variant(key="call")),
        "metrics": tuple(MetricUse(metric=k, covariate=covariate, cap=cap) for k in keys),
        "starts_at": STARTS_AT,
        "planned_units": 100,
    }
    return ExperimentDraft(**{**given, **fields})


def defined(
    *metrics: Metric,
    number: int = 1,
    rates: Rates = EUROS_ONLY,
    covariate_hours: int = 0,
    **fields: Any,
) -> Definition:
    """The compiled experiment over these metrics; by default the number of accepted leads."""
    used = metrics or (metric(MetricKind.COUNT),)
    by_key = {one.key: one for one in used}
    draft = experiment(*by_key, covariate_hours=covariate_hours, **fields)
    return compile_definition(number, draft, by_key, rates)


def streamed(definition: Definition, *events: Event) -> Stream:
    """What is left when these events came one by one, in this order."""
    stream = Stream()
    stream.activate([definition])
    for one in events:
        stream.deliver([one])
    return stream


def outcomes(definition: Definition, *events: Event) -> dict[tuple[int, int], CellIncrement]:
    """Moments by (variant, day) on the definition's only metric."""
    stream = streamed(definition, *events)
    return {
        (variant, day): CellIncrement(Moments(*sums[:9]), sums[9], Uncapped(*sums[10:]))
        for (_, number, variant, day), sums in stream.totals.moments.items()
        if number == 0
    }


def outcome(definition: Definition, *events: Event) -> CellIncrement:
    """The moments of the only variant and day that has any."""
    (only,) = outcomes(definition, *events).values()
    return only
