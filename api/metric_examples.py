"""Whether the examples of a proposed metric are what its filter takes them for. Pure."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from api.problem_handlers import InputError
from attribution.filters import predicate
from attribution.measures import compile_measure
from attribution.money import Rates
from schemas.codec import decode
from schemas.currencies import MINOR_DIGITS
from schemas.events import Event, InvalidEvent
from schemas.metric_definitions import Measure, MetricDraft
from schemas.own_types import OwnTypes
from schemas.staff import names_staff

_NO_RATES = Rates("EUR", (), MINOR_DIGITS)


def wrong_examples(
    draft: MetricDraft, own_types: OwnTypes, *, now: datetime, allowed: frozenset[str] = frozenset()
) -> tuple[InputError, ...]:
    """Return what is wrong with the examples, each named by its place.

    They are shown as they were written, so they name no employee but in `allowed` fields.
    """
    return (*_with_staff(draft, allowed), *_wrong(draft, own_types, now))


def types_of_examples(draft: MetricDraft) -> frozenset[str]:
    """Return the types that examples name, built in or not."""
    written = (*draft.examples.counted, *draft.examples.not_counted)
    return frozenset(name for one in written if isinstance(name := one.get("type"), str))


def _with_staff(draft: MetricDraft, allowed: frozenset[str]) -> Iterator[InputError]:
    for field, one, _ in _written(draft):
        named = sorted({name for name in _names_in(one) if names_staff(name)} - allowed)
        if named:
            yield InputError(field, "staff_field", f"{', '.join(named)}: names an employee")


def _names_in(data: object) -> Iterator[str]:
    waiting = [data]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _wrong(draft: MetricDraft, own_types: OwnTypes, now: datetime) -> Iterator[InputError]:
    for field, one, is_counted in _written(draft):
        try:
            event = _event(one, own_types, now)
        except InvalidEvent as refused:
            yield InputError(field, refused.rule, f"{refused.field}: {refused.detail}")
        else:
            yield from _against(draft, event, field, is_counted=is_counted)


def _written(draft: MetricDraft) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Every example by its place, and whether it is one that counts."""
    for name, is_counted in (("counted", True), ("not_counted", False)):
        for place, one in enumerate(getattr(draft.examples, name)):
            yield f"examples.{name}.{place}", one, is_counted


def _event(written: Mapping[str, Any], own_types: OwnTypes, now: datetime) -> Event:
    filled = {
        "specversion": "1.0",
        "id": "example",
        "source": "example",
        "time": now.astimezone(UTC).isoformat(),
        **({} if written.keys() & {"account", "contact"} else {"account": "example"}),
        **written,
    }
    now_us = int(now.timestamp() * 1_000_000)
    return decode(json.dumps(filled).encode(), now_us=now_us, own_types=own_types)


def _against(
    draft: MetricDraft, event: Event, field: str, *, is_counted: bool
) -> Iterator[InputError]:
    heard = [measure for measure in _measures(draft) if predicate(measure.filter)(event)]
    if is_counted and not heard:
        yield InputError(field, "not_counted", f"the filter does not take this {event.type}")
    elif is_counted and not any(_is_readable(measure, event) for measure in heard):
        yield InputError(field, "no_number", "its number cannot be read from this event")
    elif not is_counted and heard:
        yield InputError(field, "counted", f"the filter takes this {event.type}")


def _measures(draft: MetricDraft) -> tuple[Measure, ...]:
    return (draft.measure,) if draft.denominator is None else (draft.measure, draft.denominator)


def _is_readable(measure: Measure, event: Event) -> bool:
    # An amount in any currency is a number; which rate is in force, nobody knows of an example.
    if measure.value == "amount":
        return event.amount is not None
    return compile_measure(measure, _NO_RATES).value(event) is not None
