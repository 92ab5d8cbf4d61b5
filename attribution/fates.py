"""What became of each stored event that a metric might count: the way from raw events to a figure.

Pure. Every event of the metric's types has exactly one fate, so the fates add up to the raw count,
and the values of those that count add up to the sum of outcomes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from attribution.definitions import Definition, MetricRule
from attribution.evaluate import credited_unit
from attribution.outcomes import stamp_of
from attribution.units import Entry, UnitState
from schemas.events import Event
from schemas.resources import MetricKind


class Fate(StrEnum):
    """What became of an event on one metric."""

    COUNTED = "counted"
    """Part of the outcome of a unit in the analysis."""
    REPEATED = "repeated"
    """Its unit had converted already, or a later event of the same deal took its place."""
    BEFORE_EXPOSURE = "before_exposure"
    COVARIATE = "covariate"
    """Before the exposure, and part of what the unit is compared with itself by."""
    AFTER_WINDOW = "after_window"
    MIXED_UNIT = "mixed_unit"
    NOT_EXPOSED = "not_exposed"
    """Its account, or contact, met no variant."""
    OTHER_CONDITION = "other_condition"
    """Of the metric's types, but one of its conditions is not met."""
    UNREADABLE = "unreadable"
    """It should have counted, and its number could not be read."""


@dataclass(slots=True)
class Fates:
    """Events by variant number (None where there is no unit) and fate; and what counted ones add
    up to, by variant, in fixed-point steps."""

    events: dict[tuple[int | None, Fate], int] = field(default_factory=dict)
    values: dict[int, int] = field(default_factory=dict)

    def add(self, variant: int | None, fate: Fate, value: int = 0) -> None:
        """Count one event."""
        key = (variant, fate)
        self.events[key] = self.events.get(key, 0) + 1
        if variant is not None and fate is Fate.COUNTED:
            self.values[variant] = self.values.get(variant, 0) + value

    def add_elsewhere(self, events: int) -> None:
        """Count events at accounts and contacts that met no variant."""
        key = (None, Fate.NOT_EXPOSED)
        self.events[key] = self.events.get(key, 0) + events

    @property
    def total(self) -> int:
        """All events, whatever became of them."""
        return sum(self.events.values())


def note_fates(
    fates: Fates, definition: Definition, number: int, entry: Entry | None, events: Iterable[Event]
) -> None:
    """Add what became of a home's events on metric `number`; `entry` is the home's, if it has one.

    A deal's events are judged together, so `events` has to be the home's whole history.
    """
    rule = definition.metrics[number]
    converted: set[str] = set()
    of_type = sorted((e for e in events if e.type in rule.numerator.types), key=stamp_of)
    for event in of_type:
        key = None if entry is None else credited_unit(definition, entry, event)
        unit = None if entry is None or key is None else entry.units.get(key)
        if unit is None:
            matches = rule.numerator.matches(event)
            fates.add(None, Fate.NOT_EXPOSED if matches else Fate.OTHER_CONDITION)
            continue
        fate, value = _fate_of(rule, unit, number, event)
        if fate is Fate.COUNTED and rule.kind is MetricKind.CONVERSION:
            fate = Fate.REPEATED if key in converted else Fate.COUNTED
            converted.add(key or "")
        fates.add(unit.variant, fate, value)


def _fate_of(rule: MetricRule, unit: UnitState, number: int, event: Event) -> tuple[Fate, int]:
    if not rule.numerator.matches(event):
        return Fate.OTHER_CONDITION, 0
    if unit.is_mixed:
        return Fate.MIXED_UNIT, 0
    since = event.time_us - unit.first[0]
    if since >= rule.window_us:
        return Fate.AFTER_WINDOW, 0
    if rule.kind is MetricKind.LATEST_DEAL_VALUE:
        return _fate_of_deal(unit, number, event)
    if since < 0:
        is_covariate = since >= -rule.covariate_us and rule.covariate_us > 0
        return (Fate.COVARIATE if is_covariate else Fate.BEFORE_EXPOSURE), 0
    value = rule.numerator.value(event)
    return (Fate.UNREADABLE, 0) if value is None else (Fate.COUNTED, value)


def _fate_of_deal(unit: UnitState, number: int, event: Event) -> tuple[Fate, int]:
    """The event that settles a deal counts, with the deal's latest amount; the others led to it."""
    deal = (unit.sums[number].deals or {}).get(event.deal or "")
    if deal is None:
        return Fate.OTHER_CONDITION, 0
    if deal.verdict_at != stamp_of(event) or not deal.won:
        is_before = event.time_us < unit.first[0]
        return (Fate.BEFORE_EXPOSURE if is_before else Fate.REPEATED), 0
    if event.time_us < unit.first[0]:
        return Fate.BEFORE_EXPOSURE, 0
    return (Fate.UNREADABLE, 0) if deal.amount is None else (Fate.COUNTED, deal.amount)
