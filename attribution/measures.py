"""What one event adds to a measure: 1, or an exact fixed-point number read from it. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from attribution.filters import Predicate, Types, predicate, reader
from attribution.money import Rates, UnknownRateError
from schemas.events import Event
from schemas.resources import Measure

Value = Callable[[Event], int | None]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")
_ROUNDING = Context(prec=28, rounding=ROUND_HALF_EVEN)
_DIGITS = 13
_LARGEST = 10**_DIGITS
"""The largest fixed-point value of one event: a packed sum of 900,000 of them fits 64 bits."""


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """A compiled measure; `value` gives None where the event's number cannot be read."""

    types: Types
    matches: Predicate
    value: Value


def compile_measure(measure: Measure, rates: Rates) -> MeasureRule:
    """Return the rule of a registered measure."""
    return MeasureRule(
        types=Types(measure.filter.types),
        matches=predicate(measure.filter),
        value=_value(measure, rates),
    )


def _value(measure: Measure, rates: Rates) -> Value:
    if measure.value is None:
        return _one
    if measure.value == "amount":
        return lambda event: amount_of(event, rates)
    read = reader(measure.value)
    scale = measure.scale
    return lambda event: fixed_point(read(event), scale)


def _one(_event: Event) -> int:
    return 1


def amount_of(event: Event, rates: Rates) -> int | None:
    """Return the event's amount in minor units of the reporting currency, None if unknown.

    An amount that no rate of the definition reaches is unknown, like one that is absent: it leaves
    an outcome incomplete. It cannot be an error, for a late exposure may meet it in the history.
    """
    if event.amount is None:
        return None
    try:
        return _bounded(rates.convert(event.amount, event.currency, event.time_us))
    except UnknownRateError:
        return None


def fixed_point(value: Any, scale: int) -> int | None:
    """Return `value` times 10^scale as an integer, half to even; None where it is no number.

    A JSON number such as 12.5 is taken as the decimal it is written as, not as the nearest double.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        return None
    if isinstance(value, int):
        return _bounded(value * 10**scale)
    text = value if isinstance(value, str) else repr(value)
    return _bounded_decimal(Decimal(text), scale) if _NUMBER.fullmatch(text) else None


def _bounded_decimal(number: Decimal, scale: int) -> int | None:
    if not number:
        return 0
    if number.adjusted() > _DIGITS:
        return None
    # One rounding, of all digits: `scaleb` alone would first cut the number to the precision.
    steps = number.quantize(Decimal((0, (1,), -scale)), context=_ROUNDING)
    return _bounded(int(steps.scaleb(scale, context=_ROUNDING)))


def _bounded(value: int) -> int | None:
    return value if abs(value) <= _LARGEST else None
