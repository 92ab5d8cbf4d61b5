"""The group that a unit is in: read from its first exposure, so it never changes. Pure."""

from collections.abc import Callable
from typing import Any

from attribution.filters import reader
from schemas.dimensions import NOT_GIVEN, OTHER, Dimension
from schemas.events import Event

GroupReader = Callable[[Event], str]


def group_reader(dimension: Dimension) -> GroupReader:
    """Return what reads a unit's group from its first exposure."""
    read, named = reader(dimension.field), frozenset(dimension.values)

    def group_of(exposure: Event) -> str:
        value = _as_written(read(exposure))
        if value is None:
            return NOT_GIVEN
        return value if value in named else OTHER

    return group_of


def _as_written(value: Any) -> str | None:
    """A single value as JSON writes it; None where there is none, or what is there holds others."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value or None if isinstance(value, str) else None
