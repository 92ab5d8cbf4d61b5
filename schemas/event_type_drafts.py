"""Event types as an organisation proposes and registers them: a name, a JSON Schema of data."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any

from jsonschema import Draft202012Validator, SchemaError
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from schemas.characters import is_data_text
from schemas.event_filters import Resource
from schemas.event_types import BUILT_IN_NAMESPACES
from schemas.metric_definitions import Side, Text
from schemas.values import INT64_MAX, INT64_MIN

MAX_SCHEMA_BYTES = 32 * 1024
MAX_SCHEMA_DEPTH = 64
RESERVED_NAMESPACES = BUILT_IN_NAMESPACES | {"roundtable"}

_NAME = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+){1,4}$"
_NAME_PATTERN = re.compile(_NAME)


class EventTypeFields(Resource):
    """What is said of an event type, without a judgement of it."""

    type: Annotated[str, Field(pattern=_NAME, max_length=128)]
    meaning: Text
    owner: Side
    data_schema: dict[str, Any]

    @property
    def namespace(self) -> str:
        """The first word of the name."""
        return self.type.partition(".")[0]


class EventTypeDraft(EventTypeFields):
    """An event type as proposed: its name under a namespace of the house, and what data it has."""

    @field_validator("type")
    @classmethod
    def _is_no_built_in_name(cls, name: str) -> str:
        namespace = name.partition(".")[0]
        if namespace in RESERVED_NAMESPACES:
            raise _refusal(
                "reserved_namespace", f"the namespace {namespace!r} is taken by built-in types"
            )
        return name

    @field_validator("data_schema")
    @classmethod
    def _can_be_judged_by(cls, schema: dict[str, Any]) -> dict[str, Any]:
        _check_values(schema, 1)
        if len(json.dumps(schema)) > MAX_SCHEMA_BYTES:
            raise _refusal("too_large", f"at most {MAX_SCHEMA_BYTES} bytes")
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise _refusal("not_a_schema", f"{error.json_path} {error.message}") from None
        if schema.get("type", "object") != "object":
            raise _refusal("not_an_object", "data is an object, so the schema's type is object")
        _check_references(schema)
        return schema


class OwnType(EventTypeFields):
    """A version of a registered event type. Newer versions take whatever older ones took."""

    version: Annotated[int, Field(ge=1)]
    created_at: datetime


def may_be_registered(name: str) -> bool:
    """Tell whether a type of this name could be registered: others need not be looked for."""
    return (
        _NAME_PATTERN.fullmatch(name) is not None
        and name.partition(".")[0] not in RESERVED_NAMESPACES
    )


def _refusal(rule: str, detail: str) -> PydanticCustomError:
    return PydanticCustomError(rule, "{detail}", {"detail": detail})


def _check_values(value: Any, depth: int) -> None:
    """Refuse what cannot be stored, so that what is registered is read back as it was."""
    if depth > MAX_SCHEMA_DEPTH:
        raise _refusal("too_deep", f"more than {MAX_SCHEMA_DEPTH} levels")
    if isinstance(value, str) and not is_data_text(value):
        raise _refusal("forbidden_character", "a control character or noncharacter")
    if isinstance(value, float) and not math.isfinite(value):
        raise _refusal("not_a_number", "NaN and infinity are no JSON")
    if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
        raise _refusal("integer_out_of_range", "more than 64 bits")
    for item in _parts(value):
        _check_values(item, depth + 1)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return (*value, *value.values())
    return value if isinstance(value, list) else ()


def _check_references(schema: dict[str, Any]) -> None:
    """Refuse references that lead out of the schema or to nowhere: nothing is fetched, ever."""
    resolver = Registry().with_resource("", DRAFT202012.create_resource(schema)).resolver()
    for keyword, value in _keywords(schema):
        if keyword in {"$id", "$schema"} and value != Draft202012Validator.META_SCHEMA["$id"]:
            raise _refusal("reference", f"{keyword} is left out, the dialect is 2020-12")
        if keyword in {"$ref", "$dynamicRef"}:
            if not value.startswith("#"):
                raise _refusal("reference", f"{keyword} starts with #, nothing is fetched")
            try:
                resolver.lookup(value)
            except Unresolvable:
                raise _refusal("reference", f"{keyword} leads nowhere: {value}") from None


def _keywords(schema: Any) -> Iterator[tuple[str, str]]:
    if isinstance(schema, dict):
        for name, value in schema.items():
            if isinstance(value, str):
                yield name, value
            yield from _keywords(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _keywords(item)
