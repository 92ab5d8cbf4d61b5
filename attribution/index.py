"""Finds the definitions that an event can expose a unit to, without asking each one. Pure."""

from collections.abc import Iterable
from typing import Any

from attribution.definitions import ASSIGNMENT_TYPE, Definition
from attribution.filters import Reader, Types, reader
from schemas.events import Event
from schemas.resources import Condition

_Bucket = tuple[str, Reader, dict[Any, list[Definition]]]


class DefinitionIndex:
    """All active definitions, found by id, by assigned experiment, and by type and one value.

    A matching rule is filed under its first equality condition, so that ten thousand rules on
    one event type that differ in campaign cost an event one look-up, not ten thousand.
    """

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self.by_id = {definition.id: definition for definition in definitions}
        self._assigned: dict[str, list[Definition]] = {}
        self._matching: list[tuple[Types, Condition | None, Definition]] = []
        self._by_type: dict[str, tuple[list[_Bucket], list[Definition]]] = {}
        for definition in self.by_id.values():
            self._file(definition)

    def exposable(self, event: Event) -> list[Definition]:
        """Return every definition for which this event is an exposure event."""
        if event.type == ASSIGNMENT_TYPE:
            found = self._assigned.get(_hashable(event.data.get("experiment")), [])
            return found + self._matched(event) if self._matching else found
        return self._matched(event)

    def _matched(self, event: Event) -> list[Definition]:
        if not self._matching:
            return []
        buckets, general = self._of_type(event.type)
        found = [d for d in general if d.exposure.is_exposure(event)]
        for _path, read, by_value in buckets:
            candidates = by_value.get(_hashable(read(event)))
            if candidates:
                found += [d for d in candidates if d.exposure.is_exposure(event)]
        return found

    def _file(self, definition: Definition) -> None:
        event_filter = definition.exposure.filter
        if definition.exposure.by_assignment:
            self._assigned.setdefault(definition.experiment, []).append(definition)
            return
        equality = next((c for c in event_filter.where if c.op == "eq"), None)
        self._matching.append((Types(event_filter.types), equality, definition))

    def _of_type(self, name: str) -> tuple[list[_Bucket], list[Definition]]:
        known = self._by_type.get(name)
        if known is None:
            known = self._by_type[name] = self._build(name)
        return known

    def _build(self, name: str) -> tuple[list[_Bucket], list[Definition]]:
        buckets: dict[str, _Bucket] = {}
        general: list[Definition] = []
        for types, equality, definition in self._matching:
            if name not in types:
                continue
            if equality is None:
                general.append(definition)
                continue
            path = equality.field
            _, _, by_value = buckets.setdefault(path, (path, reader(path), {}))
            by_value.setdefault(equality.value, []).append(definition)
        return list(buckets.values()), general


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else None
