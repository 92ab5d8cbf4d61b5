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


def test_every_route_but_those_that_are_open_asks_for_token_or_session() -> None:
    schema = described()

    open_routes = {
        f"{method.upper()} {path}"
        for path, routes in schema["paths"].items()
        for method, route in routes.items()
        if route.get("security") == []
    }
    assert schema["security"] == [{"token": []}, {"session": []}]
    assert open_routes == {
        "GET /healthz",
        "GET /readyz",
        "GET /v1/sign-in",
        "POST /v1/sign-in",
        "POST /v1/sign-in/invitation",
        "POST /v1/sign-in/openid",
        "GET /v1/sign-in/openid/callback",
    }


def test_every_route_says_how_it_refuses() -> None:
    routes = [route for path in described()["paths"].values() for route in path.values()]

    assert all({"401", "403", "429"} <= route["responses"].keys() for route in routes)
