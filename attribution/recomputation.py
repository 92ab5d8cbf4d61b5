"""Recomputes everything from whole histories, home by home, and compares it with what is stored.

Pure. It shares with the stream only what an event means to a unit (`evaluate`): how events come
together, which definitions they concern and how sums grow is done another way here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from attribution.definitions import ASSIGNMENT_TYPE, Definition
from attribution.differences import Check, Difference, HomePlace
from attribution.evaluate import evaluate
from attribution.filters import Types
from attribution.increments import Increments
from attribution.state_differences import differences_of_entries
from attribution.units import Entry, unpack
from schemas.events import Event


@dataclass(frozen=True, slots=True)
class Standing:
    """A definition that is not retired, and how far its stored moments reach.

    `built_up_to` is the last home that its build has visited, None once it is complete.
    `lacks_old_exposures`: exposure events from before its period may have been deleted by rule.
    """

    definition: Definition
    epoch: int
    built_up_to: str | None = None
    lacks_old_exposures: bool = False

    def is_due(self, home: str) -> bool:
        """Tell whether the home has to be counted in the stored moments."""
        return self.built_up_to is None or home <= self.built_up_to


@dataclass(frozen=True, slots=True)
class EvaluatedHome:
    """Where a home's stored state says otherwise, and the definitions that hold a unit at it."""

    differences: list[Difference]
    holding: list[int]


class Recomputation:
    """Evaluates homes one after the other; holds sums, never histories."""

    def __init__(self, standing: Sequence[Standing]) -> None:
        self.increments = Increments()
        self._standing = {one.definition.id: one for one in standing}
        self._assigned: dict[str, list[int]] = {}
        self._matching: list[tuple[Types, Definition]] = []
        self._matching_by_type: dict[str, list[Definition]] = {}
        self._is_read: dict[str, bool] = {}
        for one in standing:
            self._file(one.definition)

    def reads(self, event_type: str) -> bool:
        """Tell whether events of this type can change any figure."""
        known = self._is_read.get(event_type)
        if known is None:
            known = self._is_read[event_type] = any(
                event_type in Types(one.definition.exposure.filter.types)
                or one.definition.metrics_by_type[event_type]
                for one in self._standing.values()
            )
        return known

    def add_home(self, home: str, history: Sequence[Event], packed: bytes | None) -> EvaluatedHome:
        """Count a home from its whole history, and compare it with its stored state."""
        stored = _stored_entries(packed)
        entries = stored or {}
        found = EvaluatedHome([], [])
        for key in sorted(self._exposed_by(history) | (entries.keys() & self._standing.keys())):
            one = self._standing[key]
            # What a build has not visited yet counts where the stream has evaluated it already.
            if one.is_due(home) or key in entries:
                entry = self._counted(one.definition, home, history)
                if entry is not None and entry.units:
                    found.holding.append(key)
                if stored is not None:
                    found.differences.extend(_compared(one, home, entries.get(key), entry))
        if stored is None:
            is_there = None if packed is None else "unreadable"
            found.differences.append(
                Difference(Check.STATES, HomePlace(home), "state", is_there, _size(found.holding))
            )
        return found

    def _counted(self, definition: Definition, home: str, history: Sequence[Event]) -> Entry | None:
        entry = evaluate(definition, home, history)
        if entry is not None:
            self.increments.put_entry(definition, entry)
        return entry

    def _file(self, definition: Definition) -> None:
        if definition.exposure.by_assignment:
            self._assigned.setdefault(definition.experiment, []).append(definition.id)
        else:
            self._matching.append((Types(definition.exposure.filter.types), definition))

    def _exposed_by(self, history: Sequence[Event]) -> set[int]:
        found: set[int] = set()
        for event in history:
            if event.type == ASSIGNMENT_TYPE:
                named = event.data.get("experiment")
                found.update(self._assigned.get(named, ()) if isinstance(named, str) else ())
            for definition in self._asked(event.type):
                if definition.id not in found and definition.exposure.is_exposure(event):
                    found.add(definition.id)
        return found

    def _asked(self, event_type: str) -> list[Definition]:
        """Return the definitions whose rule may match an event of this type."""
        known = self._matching_by_type.get(event_type)
        if known is None:
            known = [definition for types, definition in self._matching if event_type in types]
            self._matching_by_type[event_type] = known
        return known


def _stored_entries(packed: bytes | None) -> Mapping[int, Entry] | None:
    """Return what a state holds, None where there is no state or it cannot be read."""
    if packed is None:
        return None
    try:
        return unpack(packed).entries
    except msgspec.MsgspecError:
        return None


def _compared(
    one: Standing, home: str, stored: Entry | None, evaluated: Entry | None
) -> list[Difference]:
    return differences_of_entries(
        one.definition, home, stored, evaluated, may_lack_old=one.lacks_old_exposures
    )


def _size(holding: Sequence[int]) -> str:
    return f"units of {len(holding)} definitions"
