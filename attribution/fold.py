"""Folds new events into the states of their homes. One pure call per batch.

Promise: whatever the order, lateness and split of the events, states and the sum of all increments
depend on the set of events alone. An event that moves a first exposure re-evaluates its home from
history; every other event adds to sums that commute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from attribution.definitions import Definition
from attribution.evaluate import (
    WHOLE_ACCOUNT,
    changes_exposure,
    evaluate,
    exposed_unit,
    note_exposure,
)
from attribution.increments import Increments
from attribution.index import DefinitionIndex
from attribution.outcome_changes import add_outcomes
from attribution.units import Entry, HomeState, Stray, UnitState, pack, unpack
from schemas.events import Event


class HomeBatch(msgspec.Struct, frozen=True, gc=False):
    """What a batch brings to one home.

    `packed` is the stored state, None where the home is new. `history` holds every stored event of
    the home that `history_need` asks for, the new ones included (every one at all where all is to
    be evaluated anew); it may be None where `needs_history` said no.
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


def _fold_home(
    index: DefinitionIndex, home: str, batch: HomeBatch, increments: Increments
) -> bytes | None:
    state = HomeState(entries={}) if batch.packed is None else unpack(batch.packed)
    retired = _drop_retired(index, state)
    exposing = _exposing(index, batch.events)
    if batch.reevaluate_all:
        moved = _all_that_apply(index, state, batch.history or batch.events)
    else:
        moved = _exposure_moved(index, home, state, exposing)
    for definition in moved.values():
        _reevaluate(state, definition, home, _history_of(batch), increments)
    changed = False
    for key, entry in state.entries.items():
        if key in moved:
            continue
        definition = index.by_id[key]
        if key in exposing:
            changed |= _note_exposures(definition, home, entry, exposing[key], increments)
        changed |= add_outcomes(definition, entry, batch.events, increments)
    if changed or moved or retired or batch.packed is None:
        return pack(state)
    return None


def _drop_retired(index: DefinitionIndex, state: HomeState) -> bool:
    """Forget definitions that are no longer active; their totals are dropped elsewhere."""
    retired = [key for key in state.entries if key not in index.by_id]
    for key in retired:
        del state.entries[key]
    return bool(retired)


def _exposing(index: DefinitionIndex, events: Sequence[Event]) -> dict[int, list[Event]]:
    """Return the exposure events of each definition that has any."""
    found: dict[int, list[Event]] = {}
    for event in events:
        for definition in index.exposable(event):
            found.setdefault(definition.id, []).append(event)
    return found


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
    index: DefinitionIndex, home: str, state: HomeState, exposing: Mapping[int, Sequence[Event]]
) -> dict[int, Definition]:
    moved: dict[int, Definition] = {}
    for key, events in exposing.items():
        definition, entry = index.by_id[key], state.entries.get(key)
        if entry is None or any(changes_exposure(definition, home, entry, e) for e in events):
            moved[key] = definition
    return moved


def _reevaluate(
    state: HomeState,
    definition: Definition,
    home: str,
    history: Sequence[Event],
    increments: Increments,
) -> None:
    before = state.entries.pop(definition.id, None)
    after = evaluate(definition, home, history)
    if after is not None:
        state.entries[definition.id] = after
    increments.replace_entry(definition, home, before, after)


def _note_exposures(
    definition: Definition,
    home: str,
    entry: Entry,
    events: Sequence[Event],
    increments: Increments,
) -> bool:
    """Count exposure events that move no first exposure; tell if there are any."""
    if not events:
        return False
    taken: dict[str, UnitState] = {}
    strays_before = list(entry.strays)
    for event in events:
        unit_key = exposed_unit(definition, home, event) or WHOLE_ACCOUNT
        if unit_key in entry.units and unit_key not in taken:
            taken[unit_key] = entry.units[unit_key]
            increments.take(definition, taken[unit_key])
        note_exposure(definition, home, entry, event)
    for unit in taken.values():
        increments.put(definition, unit)
    _count_strays(definition, entry, strays_before, increments)
    return True


def _count_strays(
    definition: Definition, entry: Entry, before: Sequence[int], increments: Increments
) -> None:
    for stray, (old, new) in enumerate(zip(before, entry.strays, strict=True)):
        if new != old:
            increments.add_stray(definition, Stray(stray), new - old)
