"""Why a payload does not fit its type: the known fields are judged one by one."""

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.events import InvalidEvent
from schemas.payloads import Payload
from schemas.refusals import check_text


def explain_payload(data: Mapping[str, Any], payload: type[Payload]) -> InvalidEvent:
    """Say which known field of the payload breaks which rule."""
    try:
        for field in msgspec.structs.fields(payload):
            _check_payload_field(data, field)
    except InvalidEvent as refusal:
        return refusal
    return InvalidEvent("data", "not_an_object", "data does not fit its type")


def _check_payload_field(data: Mapping[str, Any], field: msgspec.structs.FieldInfo) -> None:
    name, value = f"data.{field.name}", data.get(field.name)
    if value is None:
        if field.required:
            raise InvalidEvent(name, "missing", "this type of event asks for it")
        return
    for kind in _kinds_of(field.type):
        if isinstance(kind, msgspec.inspect.ListType):
            _check_list(value, name, kind)
        elif isinstance(kind, msgspec.inspect.StrType):
            _check_string(value, name, kind)


def _kinds_of(annotation: Any) -> tuple[msgspec.inspect.Type, ...]:
    """The kinds of value a field takes; an amount (integer or string) is judged as money."""
    kind = msgspec.inspect.type_info(annotation)
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    if any(isinstance(kind, msgspec.inspect.IntType) for kind in kinds):
        return ()
    return tuple(kinds)


def _check_list(value: Any, name: str, kind: msgspec.inspect.ListType) -> None:
    if not isinstance(value, list):
        raise InvalidEvent(name, "not_a_list", "a list")
    if kind.max_length is not None and len(value) > kind.max_length:
        raise InvalidEvent(name, "too_many", f"at most {kind.max_length}")
    for place, item in enumerate(value):
        if isinstance(kind.item_type, msgspec.inspect.StrType):
            _check_string(item, f"{name}[{place}]", kind.item_type)


def _check_string(value: Any, name: str, kind: msgspec.inspect.StrType) -> None:
    if value == "" and not kind.min_length:
        return
    check_text(value, name, kind.max_length or len(value))
