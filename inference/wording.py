"""Numbers in words, English and German: as many digits as the interval can bear."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from inference.comparison import Comparison
from inference.plan import MetricPlan, Unit
from schemas.resources import MetricKind
from schemas.wording import Language


class Range(msgspec.Struct, frozen=True):
    """A difference with its unit, and the limits of its interval without."""

    estimate: str
    lower: str
    upper: str


def range_in_words(
    difference: Comparison, metric: MetricPlan, unit: Unit, language: Language
) -> Range:
    """A difference in the metric's units, per unit of analysis where it is an amount."""
    factor = 100 if metric.kind is MetricKind.CONVERSION else 1
    spread = factor * (difference.upper - difference.lower) / 2
    estimate, lower, upper = (
        _signed(factor * value, spread, language)
        for value in (difference.estimate, difference.lower, difference.upper)
    )
    label = _label(metric, unit, language)
    return Range(f"{estimate} {label}" if label else estimate, lower, upper)


def count_in_words(count: int, language: Language) -> str:
    """A number of units, in groups of three digits."""
    return _localised(f"{count:,}", language)


def amount_in_words(value: float | None, metric: MetricPlan, unit: Unit, language: Language) -> str:
    """An amount as somebody registered it, with its unit; nothing where there is none."""
    if value is None:
        return ""
    factor = 100 if metric.kind is MetricKind.CONVERSION else 1
    text = _localised(f"{factor * value:,.12g}", language)
    return f"{text} {_label(metric, unit, language)}".strip()


def percent_in_words(share: float, language: Language) -> str:
    """A share as a percentage, without digits that say nothing."""
    return _localised(f"{100 * share:.3g}", language) + " %"


def listed_in_words(names: Sequence[str], language: Language) -> str:
    """Names one after the other, the last with "and"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {_AND[language]} {names[-1]}"


def _label(metric: MetricPlan, unit: Unit, language: Language) -> str:
    if metric.kind is MetricKind.CONVERSION:
        return _POINTS[language]
    label = metric.currency or metric.unit_label
    if metric.kind is MetricKind.RATIO:
        return label
    return f"{label} {_PER[language]} {_UNIT[unit, language]}".strip()


_AND = {"en": "and", "de": "und"}
_POINTS = {"en": "percentage points", "de": "Prozentpunkte"}
_PER = {"en": "per", "de": "je"}
_UNIT = {
    ("account", "en"): "account",
    ("account", "de"): "Account",
    ("contact", "en"): "contact",
    ("contact", "de"): "Kontakt",
}


def _signed(value: float, spread: float, language: Language) -> str:
    text = f"{value:+,.{_decimals(spread)}f}"
    # A difference that rounds to nothing has no direction to show.
    if not any(digit in text for digit in "123456789"):
        text = text[1:]
    return _localised(text.replace("-", "−"), language)


def _decimals(spread: float) -> int:
    """Decimal places that leave two significant digits of the spread."""
    if spread <= 0:
        return 2
    return max(0, min(12, 1 - math.floor(math.log10(spread))))


def _localised(text: str, language: Language) -> str:
    return text.translate(_GERMAN) if language == "de" else text


_GERMAN = str.maketrans({",": ".", ".": ","})
