"""Why an event is refused: judged field by field, away from the hot path, to name field and rule.

A refusal never repeats a value of the event: what it says may be logged and shown.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Never

import msgspec

from schemas.envelope import MAX_NAME, MAX_TYPE, MAX_URI, REQUIRED_ATTRIBUTES, TEXT_ATTRIBUTES
from schemas.events import InvalidEvent

_LENGTHS = {"type": MAX_TYPE, "dataschema": MAX_URI}


def explain_bytes(raw: bytes) -> InvalidEvent:
    """Say why these bytes are no envelope."""
    try:
        document = _parsed(raw, "event")
    except InvalidEvent as refusal:
        return refusal
    if not isinstance(document, dict):
        return InvalidEvent("event", "not_an_object", "an event is a JSON object")
    return explain_attributes(document)


def explain_data(body: bytes) -> InvalidEvent:
    """Say why the body of an event in binary mode is no data."""
    try:
        _check_readable(_parsed(body, "data"))
    except InvalidEvent as refusal:
        return refusal
    return InvalidEvent("data", "malformed_json", "this JSON cannot be read")


def _parsed(raw: bytes, field: str) -> Any:
    """Read JSON strictly; what is wrong with it is said of `field`."""
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InvalidEvent(field, "invalid_utf8", f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise InvalidEvent(field, "malformed_json", f"character {error.pos}") from None
    except _NotANumberError:
        raise InvalidEvent(field, "not_a_number", "NaN and Infinity are no JSON") from None
    except RecursionError:
        raise InvalidEvent(field, "too_deep", "nested beyond what can be read") from None
    except ValueError:
        # What is left of ValueError: an integer of more digits than Python converts.
        raise InvalidEvent(field, "integer_out_of_range", "more than 64 bits") from None


class _NotANumberError(Exception):
    """NaN or an infinity stood where JSON wants a number."""


def _refuse_constant(_name: str) -> Never:
    raise _NotANumberError


def explain_attributes(document: Mapping[str, Any]) -> InvalidEvent:
    """Say which attribute breaks which rule; the attributes are judged in a fixed order."""
    try:
        _check_attributes(document)
    except InvalidEvent as refusal:
        return refusal
    # Both readers know the same grammar; where they ever differ, refusing is the safe side.
    return InvalidEvent("event", "malformed_json", "this JSON cannot be read")


def _check_attributes(document: Mapping[str, Any]) -> None:
    for name in REQUIRED_ATTRIBUTES:
        if document.get(name) is None:
            raise InvalidEvent(name, "missing", f"CloudEvents asks for {name}")
    if document["specversion"] != "1.0":
        raise InvalidEvent("specversion", "unsupported", "the version is 1.0")
    for name in TEXT_ATTRIBUTES:
        value = document.get(name)
        if value is not None:
            check_text(value, name, _LENGTHS.get(name, MAX_NAME))
    _check_time(document["time"])
    if document.get("data_base64") is not None:
        raise InvalidEvent("data_base64", "unsupported", "data is JSON")
    data = document.get("data")
    if data is not None and not isinstance(data, dict):
        raise InvalidEvent("data", "not_an_object", "data is a JSON object")
    _check_readable(data)


def check_text(value: Any, field: str, max_length: int) -> None:
    """Refuse what is no text of 1 to `max_length` characters."""
    if not isinstance(value, str):
        raise InvalidEvent(field, "not_a_string", "a string")
    if not value:
        raise InvalidEvent(field, "empty", "leave it out, or let it say something")
    if len(value) > max_length:
        raise InvalidEvent(field, "too_long", f"at most {max_length} characters")


def _check_time(value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidEvent("time", "not_a_string", "a time is a string")
    try:
        time = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        raise InvalidEvent(
            "time", "bad_time", "RFC 3339, as in 2025-03-01T09:30:00+01:00"
        ) from None
    if time.tzinfo is None:
        raise InvalidEvent("time", "no_offset", "end it in Z or in an offset such as +01:00")


def _check_readable(data: Any) -> None:
    """Refuse what only the strict reader minds: lone surrogates and numbers beyond a double."""
    try:
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise InvalidEvent("data", "too_deep", "nested beyond what can be read") from None
    except UnicodeEncodeError:
        raise InvalidEvent("data", "forbidden_character", "a lone surrogate") from None
    except ValueError:
        raise InvalidEvent("data", "number_out_of_range", "a number fits into a double") from None
