"""Adds events to outcomes whose first exposure stands, and books what that changes. Pure.

This is on the path of every event, once for each experiment that the event's account is in. So the
usual case, an event that counts 1 for the whole account, is booked at once, without a look at what
the outcome was before and is after.
"""

from collections.abc import Sequence

from attribution.definitions import Definition
from attribution.evaluate import WHOLE_ACCOUNT, credited_unit
from attribution.increments import Increments
from attribution.outcomes import Outcome, add_event, uncapped_outcome_of
from attribution.units import Entry, UnitState
from schemas.events import Event

_Before = dict[tuple[str, int], Outcome]
"""Outcomes as they were before these events, by unit key and number of the metric."""


def add_outcomes(
    definition: Definition, entry: Entry, events: Sequence[Event], increments: Increments
) -> bool:
    """Add the events to the outcomes that they are part of; tell if any may have changed."""
    if not entry.units:
        return False
    before: _Before = {}
    changed = False
    for event in events:
        numbers = definition.metrics_by_type[event.type]
        if numbers:
            key = WHOLE_ACCOUNT
            if definition.by_contact:
                key = credited_unit(definition, entry, event)
            unit = entry.units.get(key)
            if unit is not None:
                changed |= _add(definition, key, unit, event, numbers, before, increments)
    for (key, number), outcome in before.items():
        increments.change_outcome(definition, entry.units[key], number, outcome)
    return changed


def _add(
    definition: Definition,
    key: str,
    unit: UnitState,
    event: Event,
    numbers: Sequence[int],
    before: _Before,
    increments: Increments,
) -> bool:
    exposed_us = unit.first[0]
    since = event.time_us - exposed_us
    changed = False
    for number in numbers:
        rule = definition.metrics[number]
        if not -rule.reach_us <= since < rule.window_us:
            continue
        changed = True
        if rule.counts_types:
            increments.count_one(definition.id, number, rule, unit, in_window=since >= 0)
            continue
        sums = unit.sums[number]
        if (key, number) not in before:
            before[key, number] = uncapped_outcome_of(rule, sums, exposed_us)
        add_event(rule, sums, exposed_us, event, definition.rates)
    return changed
