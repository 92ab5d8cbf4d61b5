"""Which values a payload may hold: text that can be stored, integers of 64 bits, little nesting."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from schemas.characters import is_data_text
from schemas.events import InvalidEvent

MAX_DEPTH = 16
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def are_storable(data: dict[str, Any], *, is_plain: bool) -> bool:
    """Tell whether all of `data` may be stored; `is_plain` where its text is known to be harmless.

    The hot path: it only says yes or no, `explain_values` finds the place afterwards.
    """
    return _are_storable(data.values() if is_plain else _inner(data), 2, is_plain=is_plain)


def _are_storable(values: Iterable[Any], depth: int, *, is_plain: bool) -> bool:
    for value in values:
        kind = type(value)
        if kind is str:
            fits = is_plain or is_data_text(value)
        elif kind is int:
            fits = INT64_MIN <= value <= INT64_MAX
        elif kind is dict or kind is list:
            fits = depth <= MAX_DEPTH and _are_storable(_inner(value), depth + 1, is_plain=is_plain)
        else:
            continue
        if not fits:
            return False
    return True


def _inner(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value if isinstance(value, list) else (*value, *value.values())


def explain_values(data: dict[str, Any]) -> InvalidEvent:
    """Say which value of `data` may not be stored and why."""
    return next(_refusals(data, "data", 1), InvalidEvent("data", "not_an_object", "unreadable"))


def _refusals(value: Any, path: str, depth: int) -> Iterator[InvalidEvent]:
    if isinstance(value, str) and not is_data_text(value):
        yield InvalidEvent(path, "forbidden_character", "a control character or noncharacter")
    elif isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
        yield InvalidEvent(path, "integer_out_of_range", "more than 64 bits")
    elif isinstance(value, dict | list) and depth > MAX_DEPTH:
        yield InvalidEvent("data", "too_deep", f"more than {MAX_DEPTH} levels")
    elif isinstance(value, dict):
        for name, item in value.items():
            if not is_data_text(name):
                yield InvalidEvent(path, "forbidden_character", "in the name of a field")
            yield from _refusals(item, f"{path}{step(name)}", depth + 1)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _refusals(item, f"{path}{step(place)}", depth + 1)


def step(part: str | int) -> str:
    """One step of a dotted path; a name that is long, odd or perhaps secret is not repeated."""
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _PLAIN_NAME.fullmatch(part) else ".?"
