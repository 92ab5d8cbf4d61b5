"""The JSON Schema of each type of insight, rendered from the types that it is written with."""

from inspect import cleandoc
from typing import Any

import msgspec

from schemas.insights import INSIGHT_TYPES, InsightEvent, InsightType

JsonSchema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def insight_schemas() -> dict[str, JsonSchema]:
    """Every schema by the name of its contract."""
    return {row.contract: _schema(row) for row in INSIGHT_TYPES.values()}


def _schema(row: InsightType) -> JsonSchema:
    (envelope, data), definitions = msgspec.json.schema_components(
        [InsightEvent, row.payload], ref_template="#/$defs/{name}"
    )
    event = definitions.pop(_name(envelope))
    payload = definitions.pop(_name(data))
    properties = {
        **event["properties"],
        "type": {"const": row.name},
        "dataschema": {"const": f"urn:roundtable:{row.contract}"},
        "data": {**payload, "title": "data", "description": cleandoc(payload["description"])},
    }
    return {
        "$schema": _DIALECT,
        "$id": f"urn:roundtable:{row.contract}",
        "title": row.name,
        "description": row.meaning,
        "type": "object",
        "properties": properties,
        "required": event["required"],
        "$defs": definitions,
    }


def _name(reference: JsonSchema) -> str:
    return str(reference["$ref"]).rpartition("/")[2]
