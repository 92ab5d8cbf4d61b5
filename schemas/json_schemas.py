"""The JSON Schema of each contract, rendered from the types that the codec itself reads with."""

from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import BaseModel

from schemas.dead_letters import DeadLetter
from schemas.definitions import PublishedDefinition
from schemas.envelope import Envelope
from schemas.event_type_drafts import EventTypeDraft, OwnType
from schemas.event_types import EVENT_TYPES, EventType
from schemas.insight_schemas import insight_schemas
from schemas.policies import Policy, PolicyDraft
from schemas.problems import Problem
from schemas.resources import Experiment, ExperimentDraft, Metric, MetricDraft

DIALECT = "https://json-schema.org/draft/2020-12/schema"
JsonSchema = dict[str, Any]

_STRUCTS: Mapping[str, type[msgspec.Struct]] = {
    "event.v1": Envelope,
    "dead-letter.v1": DeadLetter,
    "problem.v1": Problem,
}
_RESOURCES: Mapping[str, type[BaseModel]] = {
    "definition.v1": PublishedDefinition,
    "event-type.v1": OwnType,
    "event-type-draft.v1": EventTypeDraft,
    "experiment.v1": Experiment,
    "experiment-draft.v1": ExperimentDraft,
    "metric.v1": Metric,
    "metric-draft.v1": MetricDraft,
    "policy.v1": Policy,
    "policy-draft.v1": PolicyDraft,
}


def json_schemas() -> dict[str, JsonSchema]:
    """Every published schema by the name of its contract."""
    return (
        {row.contract: event_schema(row) for row in EVENT_TYPES.values()}
        | {name: _schema_of_struct(name, kind) for name, kind in _STRUCTS.items()}
        | {name: _schema_of_resource(name, kind) for name, kind in _RESOURCES.items()}
        | insight_schemas()
    )


def event_schema(event_type: EventType) -> JsonSchema:
    """The envelope with the type fixed, its data known and its attributes required."""
    schema = _flat(msgspec.json.schema(Envelope))
    properties = schema["properties"]
    properties["type"] = {"const": event_type.name}
    properties["data"] = _data_schema(event_type)
    for name in event_type.required:
        properties[name] = properties[name]["anyOf"][0]
    needs_data = bool(properties["data"].get("required"))
    schema["required"] += [*event_type.required, *(["data"] if needs_data else [])]
    return {
        **_head(event_type.contract, event_type.name, event_type.meaning),
        **{key: part for key, part in schema.items() if key != "description"},
        "anyOf": [_given("account"), _given("contact")],
    }


def _data_schema(event_type: EventType) -> JsonSchema:
    schema = _flat(msgspec.json.schema(event_type.payload))
    schema |= {"title": "data", "additionalProperties": True}
    if event_type.has_amount and "amount" not in schema.get("required", ()):
        schema |= {"if": _given("amount", "integer", "string"), "then": _given("currency")}
    return schema if schema.get("required") else {"anyOf": [schema, {"type": "null"}]}


def _given(name: str, *kinds: str) -> JsonSchema:
    """A schema of objects that have the field, and not as null."""
    kind = list(kinds) if kinds else "string"
    return {"required": [name], "properties": {name: {"type": kind}}}


def _schema_of_struct(name: str, kind: type[msgspec.Struct]) -> JsonSchema:
    schema = msgspec.json.schema(kind)
    root = _flat(schema)
    rest = {key: part for key, part in schema["$defs"].items() if key != kind.__name__}
    described = {**_head(name, name, root.pop("description")), **root}
    return described | ({"$defs": rest} if rest else {})


def _schema_of_resource(name: str, kind: type[BaseModel]) -> JsonSchema:
    schema = kind.model_json_schema()
    return {**schema, **_head(name, name, schema["description"])}


def _flat(schema: JsonSchema) -> JsonSchema:
    """The root object itself, where msgspec writes a reference to it."""
    root: JsonSchema = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    return {key: part for key, part in root.items() if key != "title"}


def _head(name: str, title: str, description: str) -> JsonSchema:
    return {
        "$schema": DIALECT,
        "$id": f"urn:roundtable:{name}",
        "title": title,
        "description": description,
    }
