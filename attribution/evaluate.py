"""Evaluates one definition at one home, from its whole history or by one more event. Pure."""

from collections.abc import Sequence

from attribution.definitions import Definition
from attribution.outcomes import add_event, stamp_of
from attribution.units import Entry, MetricSums, Stray, UnitState
from schemas.events import Event
from schemas.partitioning import CONTACT_PREFIX

WHOLE_ACCOUNT = ""
"""The unit key of an account in an experiment by account; contacts are keyed by their id."""


def evaluate(definition: Definition, home: str, history: Sequence[Event]) -> Entry | None:
    """Return the entry that the whole history of a home leaves, None where nothing met it."""
    entry = Entry(units={})
    for event in history:
        if definition.exposure.is_exposure(event):
            note_exposure(definition, home, entry, event)
    if not entry.units and not any(entry.strays):
        return None
    if entry.units:
        for event in history:
            apply_event(definition, entry, event)
    return entry


def note_exposure(definition: Definition, home: str, entry: Entry, event: Event) -> None:
    """Record one exposure event, as its unit's first or as one more; or as a stray, with why."""
    variant = definition.variant_of(event)
    unit_key = exposed_unit(definition, home, event)
    stray = _stray(definition, event, variant, unit_key)
    if stray is not None:
        entry.strays[stray] += 1
        return
    assert variant is not None
    assert unit_key is not None
    unit = entry.units.get(unit_key)
    if unit is None:
        entry.units[unit_key] = _new_unit(definition, variant, event)
        return
    unit.exposures += 1
    unit.seen |= 1 << variant
    if stamp_of(event) < unit.first:
        unit.first, unit.variant = stamp_of(event), variant


def changes_exposure(definition: Definition, home: str, entry: Entry, event: Event) -> bool:
    """Tell whether an exposure event moves a first exposure, so that history must be read."""
    variant = definition.variant_of(event)
    unit_key = exposed_unit(definition, home, event)
    if _stray(definition, event, variant, unit_key) is not None:
        return False
    unit = entry.units.get(unit_key or WHOLE_ACCOUNT)
    return unit is None or stamp_of(event) < unit.first


def apply_event(definition: Definition, entry: Entry, event: Event) -> None:
    """Add one event to the sums of the unit it belongs to, if that unit is exposed."""
    numbers = definition.metrics_by_type[event.type]
    unit = entry.units.get(credited_unit(definition, entry, event)) if numbers else None
    if unit is None:
        return
    for number in numbers:
        rule = definition.metrics[number]
        add_event(rule, unit.sums[number], unit.first[0], event, definition.rates)


def credited_unit(definition: Definition, entry: Entry, event: Event) -> str:
    """Return the key of the unit whose outcome the event is part of.

    In an experiment by contact a deal belongs to the account, so it is credited to the contact of
    that account which was exposed first: to one unit, or sums over contacts would be inflated.
    """
    if not definition.by_contact:
        return WHOLE_ACCOUNT
    if event.type.startswith("deal."):
        return min(entry.units, key=lambda key: (entry.units[key].first, key), default="")
    return event.contact or ""


def exposed_unit(definition: Definition, home: str, event: Event) -> str | None:
    """Return the key of the unit that an exposure event exposes, None where it names none."""
    if definition.by_contact:
        return event.contact
    return None if home.startswith(CONTACT_PREFIX) else WHOLE_ACCOUNT


def _stray(
    definition: Definition, event: Event, variant: int | None, unit_key: str | None
) -> Stray | None:
    if event.time_us < definition.starts_us:
        return Stray.OUTSIDE_PERIOD
    if definition.ends_us is not None and event.time_us >= definition.ends_us:
        return Stray.OUTSIDE_PERIOD
    if variant is None:
        return Stray.UNKNOWN_VARIANT
    return Stray.NO_UNIT if unit_key is None else None


def _new_unit(definition: Definition, variant: int, event: Event) -> UnitState:
    return UnitState(
        first=stamp_of(event),
        variant=variant,
        seen=1 << variant,
        exposures=1,
        sums=[MetricSums() for _ in definition.metrics],
    )
