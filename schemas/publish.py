"""What is published of the contracts, as file names and text; writing them is the edge's job."""

import json
from typing import Any

from schemas.asyncapi import asyncapi_document
from schemas.json_schemas import json_schemas

CONTRACTS_VERSION = "1.0.0"
"""Version of the published document as a whole; single contracts carry theirs in their name."""


def published_files() -> dict[str, str]:
    """Every published file by its name; the same types always give the same text."""
    schemas = {f"{name}.schema.json": _text(schema) for name, schema in json_schemas().items()}
    return schemas | {"asyncapi.json": _text(asyncapi_document(CONTRACTS_VERSION))}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
