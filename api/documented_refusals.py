"""Which refusals each route may answer with: from what it takes, and where a step can conflict.

The OpenAPI document names every status by itself, so that clients know which to be ready for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

CONFLICTING = frozenset(
    {
        "POST /v1/event-types",
        "POST /v1/metrics/{key}/versions/{version}/agreements",
        "POST /v1/metrics/{key}/versions/{version}/withdrawals",
        "POST /v1/experiments",
        "PUT /v1/experiments/{key}",
        "POST /v1/experiments/{key}/register",
        "POST /v1/experiments/{key}/start",
        "POST /v1/experiments/{key}/close",
        "POST /v1/experiments/{key}/stop",
        "POST /v1/experiments/{key}/amendments",
        "GET /v1/experiments/{key}/results",
        "GET /v1/experiments/{key}/stream",
        "GET /v1/experiments/{key}/breakdowns",
        "GET /v1/experiments/{key}/deals",
        "GET /v1/experiments/{key}/explain",
        "GET /v1/experiments/{key}/as-known",
        "GET /v1/campaigns/{campaign}",
        "POST /v1/experiments/{key}/reviews",
        "PUT /v1/experiments/{key}/reviews/{number}/reading",
        "PUT /v1/experiments/{key}/reviews/{number}/proposal",
        "PUT /v1/experiments/{key}/reviews/{number}/signature",
        "POST /v1/webhooks/{webhook_id}/redeliveries",
        "POST /v1/currency-rates",
        "POST /v1/sign-in",
        "POST /v1/sign-in/invitation",
        "POST /v1/sign-in/openid",
        "GET /v1/sign-in/openid/callback",
        "PUT /v1/session/password",
        "POST /v1/people",
        "PUT /v1/people/{person}",
        "POST /v1/people/{person}/invitation",
        "POST /v1/teams",
    }
)
"""Routes that can be asked for what cannot be done as things stand."""

_WITH_BODY = {
    "400": "The body cannot be read.",
    "408": "The body did not arrive in time.",
    "413": "The body is larger than this API takes.",
}
_UNREACHABLE = "What this takes cannot be reached at the moment; `Retry-After` says when to ask."


def refusals_of(route: str, operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each status that a route may refuse with, with what it means there."""
    parameters = operation.get("parameters", ())
    if any(parameter["in"] == "path" for parameter in parameters):
        yield "404", "There is nothing under this name that whoever asks may know of."
    if "requestBody" in operation:
        yield from _WITH_BODY.items()
    if parameters or "requestBody" in operation:
        yield "422", "What was sent breaks a rule; `errors` names every field."
    if route in CONFLICTING:
        yield "409", "This cannot be done as things stand."
    if route != "GET /healthz":
        yield "503", _UNREACHABLE
