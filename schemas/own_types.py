"""Event types that an organisation registers: a dotted name and a JSON Schema of its data."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Self

from jsonschema import Draft202012Validator, SchemaError
from pydantic import Field, model_validator
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from schemas.event_types import BUILT_IN_NAMESPACES
from schemas.events import InvalidEvent
from schemas.resources import Resource, Side, Text
from schemas.values import step

MAX_SCHEMA_BYTES = 32 * 1024
RESERVED_NAMESPACES = BUILT_IN_NAMESPACES | {"roundtable"}


class EventTypeDraft(Resource):
    """An event type as proposed: its name under a namespace of the house, and what data it has."""

    type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+){1,4}$", max_length=128)]
    meaning: Text
    owner: Side
    data_schema: dict[str, Any]

    @property
    def namespace(self) -> str:
        """The first word of the name."""
        return self.type.partition(".")[0]

    @model_validator(mode="after")
    def _can_be_judged_by(self) -> Self:
        if self.namespace in RESERVED_NAMESPACES:
            raise ValueError(f"type: the namespace {self.namespace!r} is taken by built-in types")
        if len(json.dumps(self.data_schema)) > MAX_SCHEMA_BYTES:
            raise ValueError(f"data_schema: at most {MAX_SCHEMA_BYTES} bytes")
        try:
            Draft202012Validator.check_schema(self.data_schema)
        except SchemaError as error:
            raise ValueError(f"data_schema: {error.json_path} {error.message}") from None
        _check_references(self.data_schema)
        return self


def _check_references(schema: dict[str, Any]) -> None:
    """Refuse references that lead out of the schema or to nowhere: nothing is fetched, ever."""
    resolver = Registry().with_resource("", DRAFT202012.create_resource(schema)).resolver()
    for keyword, value in _keywords(schema):
        if keyword in {"$id", "$schema"} and value != Draft202012Validator.META_SCHEMA["$id"]:
            raise ValueError(f"data_schema: {keyword} is left out, the dialect is 2020-12")
        if keyword in {"$ref", "$dynamicRef"}:
            if not value.startswith("#"):
                raise ValueError(f"data_schema: {keyword} starts with #, nothing is fetched")
            try:
                resolver.lookup(value)
            except Unresolvable:
                raise ValueError(f"data_schema: {keyword} leads nowhere: {value}") from None


def _keywords(schema: Any) -> Iterator[tuple[str, str]]:
    if isinstance(schema, dict):
        for name, value in schema.items():
            if isinstance(value, str):
                yield name, value
            yield from _keywords(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _keywords(item)


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
            path = "".join(step(part) for part in error.absolute_path)
            raise InvalidEvent(f"data{path}", "schema", f"breaks {error.validator}")


NO_OWN_TYPES = OwnTypes()


def own_types_of(drafts: Iterable[EventTypeDraft]) -> OwnTypes:
    """Compile registered types once, to judge many events."""
    return OwnTypes(
        MappingProxyType({draft.type: Draft202012Validator(draft.data_schema) for draft in drafts})
    )
