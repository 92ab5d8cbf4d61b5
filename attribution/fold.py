"""Folds new events into the states of their homes. One pure call per batch.

Promise: whatever the order, lateness and split of the events, states and the sum of all increments
depend on the set of events alone. An event that moves a first exposure re-evaluates its home from
history; every other event adds to sums that commute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attribution.definitions import Definition
from attribution.evaluate import (
    apply_event,
    changes_exposure,
    credited_unit,
    evaluate,
    exposed_unit,
    note_exposure,
)
from attribution.increments import Increments
from attribution.index import DefinitionIndex
from attribution.units import Entry, HomeState, Stray, UnitState, pack, unpack
from schemas.events import Event


@dataclass(frozen=True, slots=True)
class HomeBatch:
    """What a batch brings to one home.

    `packed` is the stored state, None where the home is new. `history` holds every stored event of
    the home, the new ones included; it may be None where `needs_history` said no.
    """

    packed: bytes | None
    events: Sequence[Event]
    history: Sequence[Event] | None = None
    reevaluate_all: bool = False


@dataclass(frozen=True, slots=True)
class Folded:
    """Changed states, by home, and what moments and counts change by."""

    states: dict[str, bytes]
    increments: Increments


def fold(index: DefinitionIndex, homes: Mapping[str, HomeBatch]) -> Folded:
    """Return what a batch changes. Pure: the caller loads, calls and saves."""
    increments = Increments()
    states: dict[str, bytes] = {}
    for home, batch in homes.items():
        packed = _fold_home(index, home, batch, increments)
        if packed is not None:
            states[home] = packed
    return Folded(states, increments)


def needs_history(
    index: DefinitionIndex, home: str, packed: bytes | None, events: Sequence[Event]
) -> bool:
    """Tell whether these events move a first exposure, so that the home's history must be read."""
    state = None
    for event in events:
        for definition in index.exposable(event):
            if packed is None:
                return True
            state = state or unpack(packed)
            entry = state.entries.get(definition.id)
            if entry is None or changes_exposure(definition, home, entry, event):
                return True
    return False


def evaluate_in(
    definition: Definition,
    home: str,
    packed: bytes,
    history: Sequence[Event],
    increments: Increments,
) -> bytes | None:
    """Evaluate one definition at a home from its history; return the changed state, if it is.

    Safe to repeat, and safe beside the live stream: what was there is taken before what is, is put.
    """
    state = unpack(packed)
    before = state.entries.get(definition.id)
    _reevaluate(state, definition, home, history, increments)
    after = state.entries.get(definition.id)
    return None if before is None and after is None else pack(state)


def _fold_home(
    index: DefinitionIndex, home: str, batch: HomeBatch, increments: Increments
) -> bytes | None:
    state = HomeState(entries={}) if batch.packed is None else unpack(batch.packed)
    retired = [key for key in state.entries if key not in index.by_id]
    for key in retired:
        del state.entries[key]
    if batch.reevaluate_all:
        touched = _all_that_apply(index, state, batch.history or batch.events)
    else:
        touched = _exposure_moved(index, home, state, batch.events)
    for definition in touched.values():
        _reevaluate(state, definition, home, _history_of(batch), increments)
    changed = _add_events(index, home, state, batch.events, touched, increments)
    if changed or touched or retired or batch.packed is None:
        return pack(state)
    return None


def _history_of(batch: HomeBatch) -> Sequence[Event]:
    if batch.history is not None:
        return batch.history
    if batch.packed is not None:
        raise ValueError("history: required where an event moves a first exposure")
    return batch.events


def _all_that_apply(
    index: DefinitionIndex, state: HomeState, history: Sequence[Event]
) -> dict[int, Definition]:
    found = {key: index.by_id[key] for key in state.entries}
    for event in history:
        for definition in index.exposable(event):
            found[definition.id] = definition
    return found


def _exposure_moved(
    index: DefinitionIndex, home: str, state: HomeState, events: Sequence[Event]
) -> dict[int, Definition]:
    moved: dict[int, Definition] = {}
    for event in events:
        for definition in index.exposable(event):
            entry = state.entries.get(definition.id)
            if entry is None or changes_exposure(definition, home, entry, event):
                moved[definition.id] = definition
    return moved


def _reevaluate(
    state: HomeState,
    definition: Definition,
    home: str,
    history: Sequence[Event],
    increments: Increments,
) -> None:
    before = state.entries.pop(definition.id, None)
    if before is not None:
        increments.take_entry(definition, before)
    after = evaluate(definition, home, history)
    if after is not None:
        state.entries[definition.id] = after
        increments.put_entry(definition, after)


def _add_events(
    index: DefinitionIndex,
    home: str,
    state: HomeState,
    events: Sequence[Event],
    evaluated: Mapping[int, Definition],
    increments: Increments,
) -> bool:
    """Add the events to every entry that was not just evaluated with them; tell if any took one."""
    standing = [(index.by_id[key], e) for key, e in state.entries.items() if key not in evaluated]
    touched = False
    for definition, entry in standing:
        touched |= _add_to_entry(definition, home, entry, events, increments)
    return touched


def _add_to_entry(
    definition: Definition,
    home: str,
    entry: Entry,
    events: Sequence[Event],
    increments: Increments,
) -> bool:
    taken: dict[str, UnitState] = {}
    strays_before = list(entry.strays)
    for event in events:
        if definition.exposure.is_exposure(event):
            _take(definition, entry, exposed_unit(definition, home, event), taken, increments)
            note_exposure(definition, home, entry, event)
        if definition.has_outcome_in(event):
            _take(definition, entry, credited_unit(definition, entry, event), taken, increments)
            apply_event(definition, entry, event)
    for unit in taken.values():
        increments.put(definition, unit)
    return bool(taken) | _count_strays(definition, entry, strays_before, increments)


def _take(
    definition: Definition,
    entry: Entry,
    unit_key: str | None,
    taken: dict[str, UnitState],
    increments: Increments,
) -> None:
    unit = None if unit_key is None else entry.units.get(unit_key)
    if unit_key is not None and unit is not None and unit_key not in taken:
        increments.take(definition, unit)
        taken[unit_key] = unit


def _count_strays(
    definition: Definition, entry: Entry, before: list[int], increments: Increments
) -> bool:
    changed = False
    for stray, (old, new) in enumerate(zip(before, entry.strays, strict=True)):
        if new != old:
            increments.add_stray(definition, Stray(stray), new - old)
            changed = True
    return changed
