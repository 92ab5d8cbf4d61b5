"""Judges events of the types that an organisation has registered, each by its JSON Schema."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from schemas.event_type_drafts import EventTypeFields, may_be_registered
from schemas.events import InvalidEvent
from schemas.values import step

_LONGEST_LIMIT_SHOWN = 80


class OwnTypeRefused(InvalidEvent):
    """An event of an own type is refused by what is known of `type`, which may be outdated."""

    def __init__(self, name: str, field: str, rule: str, detail: str) -> None:
        """Take the name of the type, and field, rule and detail as of any refusal."""
        self.type = name
        super().__init__(field, rule, detail)


@dataclass(frozen=True)
class OwnTypes:
    """The registered types, each with the compiled validator of its data."""

    validators: Mapping[str, Draft202012Validator] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def check(self, name: str, data: dict[str, Any]) -> None:
        """Refuse a type that is not registered and data that do not fit the type."""
        validator = self.validators.get(name)
        if validator is None:
            raise OwnTypeRefused(name, "type", "unknown_type", "neither built in nor registered")
        try:
            error = next(validator.iter_errors(data), None)
        except RecursionError:
            raise OwnTypeRefused(
                name, "data", "schema", "the schema refers to itself for ever"
            ) from None
        if error is not None:
            raise OwnTypeRefused(name, _field_of(error), "schema", _broken_rule(error))

    def updated(self, types: Iterable[EventTypeFields]) -> "OwnTypes":
        """Return these types with others added or put in the place of their older versions."""
        newer = {found.type: Draft202012Validator(found.data_schema) for found in types}
        return OwnTypes(MappingProxyType({**self.validators, **newer}))


class UnjudgedOwnTypes(OwnTypes):
    """For a sender that does not know what is registered: leaves own types to the door behind."""

    def check(self, name: str, data: dict[str, Any]) -> None:  # noqa: ARG002
        """Refuse only names that no registered type can have."""
        if not may_be_registered(name):
            raise InvalidEvent("type", "unknown_type", "neither built in nor a name of the house")


NO_OWN_TYPES = OwnTypes()


def own_types_of(types: Iterable[EventTypeFields]) -> OwnTypes:
    """Compile registered types once, to judge many events."""
    return NO_OWN_TYPES.updated(types)


def _field_of(error: ValidationError) -> str:
    path = [*error.absolute_path]
    if error.validator == "required":
        path.append(next(name for name in error.validator_value if name not in error.instance))
    return "data" + "".join(step(part) for part in path)


def _broken_rule(error: ValidationError) -> str:
    """Name the keyword and, where it is short, its value: the schema's, never the event's."""
    if error.validator == "required":
        return "breaks required"
    limit = json.dumps(error.validator_value, ensure_ascii=False)
    shown = f" {limit}" if len(limit) <= _LONGEST_LIMIT_SHOWN else ""
    return f"breaks {error.validator}{shown}"
