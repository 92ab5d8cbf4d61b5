"""The description for machines holds what it refers to, and speaks of problems in the one shape."""

import json
from typing import Any

from api.app import build_app
from tests.api.serving import settings


def described() -> dict[str, Any]:
    return build_app(settings()).openapi()


def test_everything_that_is_referred_to_is_there() -> None:
    schema = described()

    references = {part.partition('"')[0] for part in json.dumps(schema).split('"$ref": "')[1:]}
    missing = [
        reference
        for reference in references
        if reference.removeprefix("#/components/schemas/") not in schema["components"]["schemas"]
    ]
    assert len(references) > 10
    assert missing == []


def test_every_route_may_answer_with_a_problem() -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

    routes = [route for path in described()["paths"].values() for route in path.values()]

    assert all(route["responses"]["default"]["content"] == problem for route in routes)
    assert "HTTPValidationError" not in json.dumps(described())


def test_every_route_but_health_asks_for_the_token() -> None:
    schema = described()

    open_paths = {
        path for path, routes in schema["paths"].items() for r in routes.values() if "security" in r
    }
    assert schema["security"] == [{"token": []}]
    assert open_paths == {"/healthz", "/readyz"}
