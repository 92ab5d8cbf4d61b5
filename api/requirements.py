"""What each route needs before it runs: one line per route, and a route without a line is closed.

Read it as the answer to "who may do what"; what is then shown is the visibility policy's affair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starlette.requests import Request

from api.identity import viewer_of
from api.problems import FORBIDDEN, ProblemError
from schemas.scopes import Scope


@dataclass(frozen=True, slots=True)
class Requirement:
    """What has to be held; `scope` None asks for nothing more than to be known."""

    scope: Scope | None
    is_open: bool = False
    """Whether it answers anybody: health, and what leads to being signed in."""


def needs(scope: str) -> Requirement:
    """Ask for a scope: a token has it, or a person's role does."""
    return Requirement(Scope(scope))


KNOWN = Requirement(None)
"""Whoever is known, person or machine."""
OPEN = Requirement(None, is_open=True)
CLOSED = Requirement(Scope.ADMIN)
"""What a route without a line asks for."""

REQUIREMENTS: Mapping[str, Requirement] = MappingProxyType(
    {
        "GET /healthz": OPEN,
        "GET /readyz": OPEN,
        "GET /openapi.json": OPEN,
        "GET /v1/sign-in": OPEN,
        "POST /v1/sign-in": OPEN,
        "POST /v1/sign-in/invitation": OPEN,
        "POST /v1/sign-in/openid": OPEN,
        "GET /v1/sign-in/openid/callback": OPEN,
        "GET /v1/session": KNOWN,
        "DELETE /v1/session": KNOWN,
        "PUT /v1/session/password": KNOWN,
        "DELETE /v1/sessions": KNOWN,
        "POST /v1/people": needs("people:write"),
        "GET /v1/people": needs("people:read"),
        "GET /v1/people/{person}": needs("people:read"),
        "PUT /v1/people/{person}": needs("people:write"),
        "POST /v1/people/{person}/invitation": needs("people:write"),
        "DELETE /v1/people/{person}/sessions": needs("people:write"),
        "POST /v1/teams": needs("people:write"),
        "GET /v1/teams": needs("people:read"),
        "PUT /v1/teams/{team}": needs("people:write"),
        "POST /v1/tokens": needs("tokens:write"),
        "GET /v1/tokens": needs("tokens:write"),
        "DELETE /v1/tokens/{token}": needs("tokens:write"),
        "POST /v1/events": needs("events:write"),
        "POST /v1/event-types": needs("event-types:write"),
        "GET /v1/event-types": needs("registry:read"),
        "GET /v1/event-types/{type}": needs("registry:read"),
        "POST /v1/metrics": needs("registry:write"),
        "GET /v1/metrics": needs("registry:read"),
        "GET /v1/metrics/{key}": needs("registry:read"),
        "POST /v1/metrics/dry-run": needs("registry:write"),
        "POST /v1/metrics/{key}/versions/{version}/agreements": needs("registry:write"),
        "POST /v1/metrics/{key}/versions/{version}/withdrawals": needs("registry:write"),
        "POST /v1/policies": needs("policies:write"),
        "GET /v1/policies": needs("registry:read"),
        "GET /v1/policies/{key}": needs("registry:read"),
        "POST /v1/plans": needs("registry:read"),
        "POST /v1/experiments": needs("registry:write"),
        "GET /v1/experiments": needs("registry:read"),
        "GET /v1/experiments/{key}": needs("registry:read"),
        "PUT /v1/experiments/{key}": needs("registry:write"),
        "GET /v1/experiments/{key}/line": needs("registry:read"),
        "GET /v1/experiments/{key}/checks": needs("registry:read"),
        "GET /v1/templates": needs("registry:read"),
        "GET /v1/templates/{key}": needs("registry:read"),
        "GET /v1/experiments/{key}/amendments": needs("registry:read"),
        "POST /v1/experiments/{key}/amendments": needs("registry:write"),
        "POST /v1/experiments/{key}/register": needs("registry:write"),
        "POST /v1/experiments/{key}/start": needs("registry:write"),
        "POST /v1/experiments/{key}/close": needs("registry:write"),
        "POST /v1/experiments/{key}/stop": needs("registry:write"),
        "GET /v1/experiments/{key}/results": needs("results:read"),
        "GET /v1/experiments/{key}/breakdowns": needs("results:read"),
        "GET /v1/campaigns/{campaign}": needs("results:read"),
        "GET /v1/experiments/{key}/deals": needs("results:read"),
        "GET /v1/experiments/{key}/stream": needs("results:read"),
        "GET /v1/experiments/{key}/explain": needs("results:read"),
        "GET /v1/experiments/{key}/as-known": needs("results:read"),
        "POST /v1/experiments/{key}/reviews": needs("reviews:write"),
        "GET /v1/experiments/{key}/reviews": needs("results:read"),
        "GET /v1/experiments/{key}/reviews/{number}/results": needs("results:read"),
        "PUT /v1/experiments/{key}/reviews/{number}/reading": needs("reviews:write"),
        "PUT /v1/experiments/{key}/reviews/{number}/proposal": needs("reviews:write"),
        "PUT /v1/experiments/{key}/reviews/{number}/signature": needs("reviews:write"),
        "GET /v1/experiments/{key}/accesses": needs("access-log:read"),
        "GET /v1/learnings": needs("registry:read"),
        "DELETE /v1/contacts/{contact}": needs("erasure:write"),
        "GET /v1/erasures": needs("erasure:write"),
        "GET /v1/retention": needs("registry:read"),
        "PUT /v1/retention": needs("erasure:write"),
        "DELETE /v1/retention/{event_type}": needs("erasure:write"),
        "POST /v1/retention/runs": needs("erasure:write"),
        "GET /v1/dead-letters": needs("dead-letters:read"),
        "POST /v1/webhooks": needs("webhooks:write"),
        "GET /v1/webhooks": needs("webhooks:write"),
        "GET /v1/webhooks/{webhook_id}": needs("webhooks:write"),
        "PATCH /v1/webhooks/{webhook_id}": needs("webhooks:write"),
        "DELETE /v1/webhooks/{webhook_id}": needs("webhooks:write"),
        "POST /v1/webhooks/{webhook_id}/secrets": needs("webhooks:write"),
        "GET /v1/webhooks/{webhook_id}/deliveries": needs("webhooks:write"),
        "POST /v1/webhooks/{webhook_id}/redeliveries": needs("webhooks:write"),
        "POST /v1/currency-rates": needs("rates:write"),
        "GET /v1/currency-rates": needs("registry:read"),
    }
)
OPEN_PATHS = frozenset(
    route.partition(" ")[2] for route, requirement in REQUIREMENTS.items() if requirement.is_open
)
"""Paths that are answered without asking who asks: none of them serves anything else as well."""


async def authorise(request: Request) -> None:
    """Refuse whoever lacks what the route needs. Raises ProblemError; every route depends on it."""
    route = f"{request.method} {request.scope['route'].path}"
    requirement = REQUIREMENTS.get(route, CLOSED)
    if requirement.scope is None:
        return
    if not viewer_of(request).may(requirement.scope):
        raise ProblemError(
            FORBIDDEN, f"This needs `{requirement.scope}`, which whoever asks does not have."
        )
