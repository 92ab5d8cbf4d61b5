"""What a caller may pass to a statistic: an exact value, or a refusal naming argument and rule.

Counts and outcomes are exact integers: a bare float, a bool, NaN or infinity is refused where it
enters, before it can look like a result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real


class ArgumentError(ValueError):
    """An argument breaks a rule."""

    def __init__(self, argument: str, rule: str) -> None:
        super().__init__(f"{argument} {rule}")
        self.argument = argument
        self.rule = rule


def whole(argument: str, value: object, *, at_least: int | None = None) -> int:
    """An exact integer, at least `at_least` where that is given; integral Decimals are taken."""
    number = _whole(argument, value)
    if at_least is not None and number < at_least:
        raise ArgumentError(argument, f"must be at least {at_least}, not {number}")
    return number


def wholes(
    argument: str, values: Iterable[object], *, at_least: int | None = None
) -> tuple[int, ...]:
    """Exact integers; a refusal names the place of the wrong one."""
    return tuple(
        whole(f"{argument}[{place}]", value, at_least=at_least)
        for place, value in enumerate(values)
    )


def finite(argument: str, value: object) -> float:
    """A real number as a float; NaN, infinities, bools and everything else are refused."""
    if isinstance(value, bool) or not isinstance(value, Real | Rational | Decimal):
        raise ArgumentError(argument, f"must be a number, not {value!r}")
    number = float(value)
    if not math.isfinite(number):
        raise ArgumentError(argument, f"must be finite, not {value}")
    return number


def above(argument: str, value: object, floor: float) -> float:
    """A finite number above `floor`."""
    number = finite(argument, value)
    if number <= floor:
        raise ArgumentError(argument, f"must be above {floor:g}, not {value}")
    return number


def at_least(argument: str, value: object, floor: float) -> float:
    """A finite number that is not below `floor`."""
    number = finite(argument, value)
    if number < floor:
        raise ArgumentError(argument, f"must be at least {floor:g}, not {value}")
    return number


def between(argument: str, value: object, low: float, high: float) -> float:
    """A finite number strictly between two others."""
    number = finite(argument, value)
    if not low < number < high:
        raise ArgumentError(argument, f"must lie between {low:g} and {high:g}, not {value}")
    return number


def error_rate(argument: str, value: object) -> float:
    """An α: a finite number from 1e-100, where logarithms still have digits, to 0.5."""
    number = finite(argument, value)
    if not 1e-100 <= number <= 0.5:
        raise ArgumentError(argument, f"must lie between 1e-100 and 0.5, not {value}")
    return number


def exact_weight(argument: str, value: object) -> Fraction:
    """An exact number that is not below 0: an integer, Fraction or Decimal, never a float."""
    if isinstance(value, bool) or not isinstance(value, Rational | Decimal):
        raise ArgumentError(argument, f"must be an integer, Fraction or Decimal, not {value!r}")
    at_least(argument, value, 0)
    return Fraction(value)


def exact_share(argument: str, value: object) -> Fraction:
    """An exact number strictly between 0 and 1: a Fraction or Decimal, never a float."""
    if isinstance(value, bool) or not isinstance(value, Rational | Decimal):
        raise ArgumentError(argument, f"must be a Fraction or Decimal, not {value!r}")
    if not 0 < finite(argument, value) < 1:
        raise ArgumentError(argument, f"must lie between 0 and 1, not {value}")
    return Fraction(value)


def _whole(argument: str, value: object) -> int:
    if isinstance(value, bool):
        raise ArgumentError(argument, "must be an integer, not a bool")
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    raise ArgumentError(argument, f"must be an exact integer, not {value!r}")
