"""The description for machines holds what it refers to, and speaks of problems in the one shape."""

import json
from typing import Any

from api.app import build_app
from api.documented_refusals import CONFLICTING
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


def test_every_status_is_named_that_follows_from_what_a_route_takes() -> None:
    paths = described()["paths"]

    sends = paths["/v1/events"]["post"]["responses"]
    reads = paths["/v1/experiments/{key}/results"]["get"]["responses"]
    lists = paths["/v1/metrics"]["get"]["responses"]

    assert {"202", "400", "408", "413", "415", "422", "503"} <= sends.keys()
    assert {"200", "304", "404", "409", "422", "503"} <= reads.keys()
    assert lists.keys() == {"200", "401", "403", "429", "503", "default"}


def test_whatever_can_conflict_is_a_route() -> None:
    paths = described()["paths"]

    routes = {f"{method.upper()} {path}" for path, found in paths.items() for method in found}

    assert routes >= CONFLICTING
