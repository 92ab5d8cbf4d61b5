"""What one event adds to a measure: 1, or an exact fixed-point number read from it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from attribution.filters import Predicate, Types, predicate, reader
from attribution.money import Rates
from schemas.events import Event
from schemas.resources import Measure

Value = Callable[[Event], int | None]

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
    """Return the event's amount in minor units of the reporting currency, None without one."""
    if event.amount is None:
        return None
    return _bounded(rates.convert(event.amount, event.currency, event.time_us))


def fixed_point(value: Any, scale: int) -> int | None:
    """Return `value` times 10^scale as an integer, half to even; None where it is no number.

    A JSON number such as 12.5 is taken as the decimal it is written as, not as the nearest double.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        return None
    if isinstance(value, int):
        return _bounded(value * 10**scale)
    try:
        number = Decimal(value if isinstance(value, str) else repr(value))
    except InvalidOperation:
        return None
    if not number.is_finite() or number.adjusted() > _DIGITS:
        return None
    return _bounded(int(number.scaleb(scale).to_integral_value(ROUND_HALF_EVEN)))


def _bounded(value: int) -> int | None:
    return value if abs(value) <= _LARGEST else None
