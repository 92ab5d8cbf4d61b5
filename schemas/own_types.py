"""Event types that an organisation registers: a dotted name and a JSON Schema of its data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jsonschema import Draft202012Validator

from schemas.events import InvalidEvent


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
            raise InvalidEvent("type", "unknown_type", "neither built in nor registered")
        try:
            error = next(validator.iter_errors(data), None)
        except RecursionError:
            raise InvalidEvent("data", "schema", "the schema refers to itself for ever") from None
        if error is not None:
            raise InvalidEvent("data", "schema", f"breaks {error.validator!s}")


NO_OWN_TYPES = OwnTypes()
