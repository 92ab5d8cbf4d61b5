"""Turns registered filters and field paths into plain functions on events. Pure."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from schemas.events import Event
from schemas.resources import Condition, EventFilter

Reader = Callable[[Event], Any]
Predicate = Callable[[Event], bool]


class Types:
    """A set of event types, some of them prefixes ending in `.*`; answers are remembered."""

    __slots__ = ("_answers", "_exact", "_prefixes")

    def __init__(self, names: tuple[str, ...]) -> None:
        self._exact = frozenset(name for name in names if not name.endswith(".*"))
        self._prefixes = tuple(name[:-1] for name in names if name.endswith(".*"))
        self._answers: dict[str, bool] = {}

    @property
    def families(self) -> frozenset[str]:
        """The first segments of the names."""
        return frozenset(name.split(".")[0] for name in (*self._exact, *self._prefixes))

    def __contains__(self, name: str) -> bool:
        """Tell whether events of type `name` are in the set."""
        known = self._answers.get(name)
        if known is None:
            known = name in self._exact or name.startswith(self._prefixes)
            self._answers[name] = known
        return known


def reader(path: str) -> Reader:
    """Return a function that reads `path` from an event, None where it is absent."""
    if not path.startswith("data."):
        return attrgetter(path)
    names = path.split(".")[1:]
    if len(names) == 1:
        name = names[0]
        return lambda event: event.data.get(name)
    return lambda event: _descend(event.data, names)


def predicate(event_filter: EventFilter) -> Predicate:
    """Return a function that tells whether an event passes the filter, type included."""
    types = Types(event_filter.types)
    conditions = [_condition(condition) for condition in event_filter.where]
    if not conditions:
        return lambda event: event.type in types
    if len(conditions) == 1:
        only = conditions[0]
        return lambda event: event.type in types and only(event)
    return lambda event: event.type in types and all(holds(event) for holds in conditions)


def _descend(value: Any, names: list[str]) -> Any:
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _condition(condition: Condition) -> Predicate:
    read = reader(condition.field)
    expected = condition.value
    match condition.op:
        case "eq":
            return lambda event: same(read(event), expected)
        case "ne":
            return lambda event: not same(read(event), expected)
        case "in":
            options = expected if isinstance(expected, tuple) else (expected,)
            return lambda event: any(same(read(event), option) for option in options)
        case "exists":
            return lambda event: (read(event) is not None) is expected
        case "gte":
            return lambda event: _is_number(value := read(event)) and bool(value >= expected)
        case "lte":
            return lambda event: _is_number(value := read(event)) and bool(value <= expected)


def same(value: Any, expected: Any) -> bool:
    """Compare as JSON does: true is not 1, and a string is never a number."""
    if isinstance(value, bool) is not isinstance(expected, bool):
        return False
    return bool(value == expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
