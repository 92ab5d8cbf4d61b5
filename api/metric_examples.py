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

_NO_RATES = Rates("EUR", (), MINOR_DIGITS)


def wrong_examples(
    draft: MetricDraft, own_types: OwnTypes, *, now: datetime
) -> tuple[InputError, ...]:
    """Return what is wrong with the examples, each named by its place."""
    return tuple(_wrong(draft, own_types, now))


def types_of_examples(draft: MetricDraft) -> frozenset[str]:
    """Return the types that examples name, built in or not."""
    written = (*draft.examples.counted, *draft.examples.not_counted)
    return frozenset(name for one in written if isinstance(name := one.get("type"), str))


def _wrong(draft: MetricDraft, own_types: OwnTypes, now: datetime) -> Iterator[InputError]:
    examples = draft.examples
    for name, written, is_counted in (
        ("counted", examples.counted, True),
        ("not_counted", examples.not_counted, False),
    ):
        for place, one in enumerate(written):
            field = f"examples.{name}.{place}"
            try:
                event = _event(one, own_types, now)
            except InvalidEvent as refused:
                detail = f"{refused.field}: {refused.detail}"
                yield InputError(field, refused.rule, detail)
            else:
                yield from _against(draft, event, field, is_counted=is_counted)


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
