"""Describes for machines what pydantic does not know of: problems, receipts, results, the token."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.breakdowns_document import BreakdownOfResults
from api.campaign_document import CampaignSums
from api.deals_document import Deals
from api.documented_refusals import refusals_of
from api.health import NotReadyProblem
from api.known_results import KnownResults
from api.problem_handlers import InvalidInput
from api.requirements import CLOSED, REQUIREMENTS, Requirement
from api.results_document import ShownResults
from api.shown_explanations import ShownExplanation
from api.verdicts import AllRefusedProblem, NotTakenProblem, Receipt
from schemas.problems import PROBLEM_MEDIA_TYPE, Problem

_REFERENCE = "#/components/schemas/{name}"
_DESCRIBED = (
    *(Problem, InvalidInput, NotReadyProblem, AllRefusedProblem, NotTakenProblem),
    *(
        Receipt,
        ShownResults,
        BreakdownOfResults,
        CampaignSums,
        Deals,
        ShownExplanation,
        KnownResults,
    ),
)


def answer(described: type[msgspec.Struct], description: str) -> dict[str, Any]:
    """Describe an answer in JSON, for `responses` of a route."""
    reference = {"$ref": _REFERENCE.format(name=described.__name__)}
    is_problem = issubclass(described, Problem)
    media_type = PROBLEM_MEDIA_TYPE if is_problem else "application/json"
    return {"description": description, "content": {media_type: {"schema": reference}}}


ANY_PROBLEM: Mapping[int | str, dict[str, Any]] = {
    "default": answer(Problem, "Everything that goes wrong has this one shape."),
}
_REFUSALS = {
    "401": answer(Problem, "Who asks is not known."),
    "403": answer(Problem, "Who asks may not ask this, or another site made them."),
    "429": answer(
        Problem, "Too many requests, attempts or bytes; `Retry-After` says for how long."
    ),
}


def describe(app: FastAPI) -> None:
    """Let the app's description hold what its routes refer to."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    description=app.description,
                    routes=app.routes,
                )
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components(_DESCRIBED, ref_template=_REFERENCE)
    found = schema.setdefault("components", {})
    found.setdefault("schemas", {}).update(components)
    found["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-roundtable-session"},
    }
    schema["security"] = [{"token": []}, {"session": []}]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            route = f"{method.upper()} {path}"
            _say_who_may(operation, REQUIREMENTS.get(route, CLOSED))
            _say_what_is_refused(operation, route)
    return schema


def _say_who_may(operation: dict[str, Any], requirement: Requirement) -> None:
    if requirement.is_open:
        operation["security"] = []
    elif requirement.scope is not None:
        operation["x-scope"] = requirement.scope.value
    for status, refusal in _REFUSALS.items():
        operation["responses"].setdefault(status, refusal)


def _say_what_is_refused(operation: dict[str, Any], route: str) -> None:
    for status, description in refusals_of(route, operation):
        shape = InvalidInput if status == "422" else Problem
        operation["responses"].setdefault(status, answer(shape, description))
