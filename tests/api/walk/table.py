"""What everybody may do and see, written out by hand: the one table that the whole API is held to.

How much of an experiment is seen stands in `tests/transparency/levels.py`; here stands what each
route asks for. A route without a row fails, and so does a row without a route.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PHASES = ("draft", "running", "stopped", "in_review", "decided")
ROLES = ("marketer", "seller", "engineer", "steward", "leader")
COLUMNS = (*ROLES, "machine", "deployment")


@dataclass(frozen=True)
class OfExperiment:
    """What a route about one experiment asks for, and how it answers in each phase."""

    scope: str
    roles: str
    part: str
    answers: dict[str, int]


@dataclass(frozen=True)
class Elsewhere:
    """What another route asks for, and how it answers each role, machine and the deployment."""

    scope: str
    answers: dict[str, int]


# Roles that may ask at all: m marketer, s seller, e engineer, t steward, l leader.
# The part is what one has to be to the experiment: to see that much of its results (headline,
# metrics, segments), to know of the question, to change it, or to read it for a side.
# The rest is what whoever may is then answered, phase by phase.
_OF_EXPERIMENTS = """
                                  scope           roles part     draft run  stop revw decd
GET  .                            registry:read   mselt knows    200  200  200  200  200
GET  /line                        registry:read   mselt knows    200  200  200  200  200
GET  /amendments                  registry:read   mselt knows    200  200  200  200  200
GET  /checks                      registry:read   mselt knows    200  200  200  200  200
PUT  .                            registry:write  ms--t changes  200  409  409  409  409
POST /register                    registry:write  ms--t changes  200  409  409  409  409
POST /start                       registry:write  ms--t changes  200  409  409  409  409
POST /close                       registry:write  ms--t changes  409  200  409  409  409
POST /stop                        registry:write  ms--t changes  409  200  409  200  409
POST /amendments                  registry:write  ms--t changes  409  201  201  409  201
GET  /results                     results:read    mselt headline 409  200  200  200  200
GET  /stream                      results:read    mselt headline 409  200  200  200  200
GET  /deals                       results:read    mselt metrics  409  409  409  200  200
GET  /explain                     results:read    mselt metrics  409  200  200  200  200
GET  /breakdowns                  results:read    mselt headline 409  200  200  200  200
GET  /as-known                    results:read    mselt segments 409  200  200  200  200
GET  /accesses                    access-log:read mselt headline 200  200  200  200  200
GET  /reviews                     results:read    mselt headline 200  200  200  200  200
GET  /reviews/{number}/results    results:read    mselt headline 404  404  404  200  200
POST /reviews                     reviews:write   ms--- changes  409  201  201  409  409
PUT  /reviews/{number}/reading    reviews:write   ms--- reads    404  404  404  200  409
PUT  /reviews/{number}/proposal   reviews:write   ms--- reads    404  404  404  409  409
PUT  /reviews/{number}/signature  reviews:write   ms--- reads    404  404  404  409  409
"""

# Everything else: what each is answered; a machine is one with this scope alone.
_ELSEWHERE = """
                                                    scope             mar sel eng ste lea mac dep
GET    /experiments                                 registry:read     200 200 200 200 200 200 200
POST   /experiments                                 registry:write    201 403 403 201 403 201 201
GET    /campaigns/{campaign}                        results:read      200 200 200 200 200 200 200
GET    /learnings                                   registry:read     200 200 200 200 200 200 200
GET    /templates                                   registry:read     200 200 200 200 200 200 200
GET    /templates/{key}                             registry:read     200 200 200 200 200 200 200
POST   /plans                                       registry:read     200 200 200 200 200 200 200
GET    /metrics                                     registry:read     200 200 200 200 200 200 200
GET    /metrics/{key}                               registry:read     200 200 200 200 200 200 200
POST   /metrics                                     registry:write    201 201 403 201 403 201 201
POST   /metrics/dry-run                             registry:write    200 200 403 200 403 200 200
POST   /metrics/{key}/versions/{version}/agreements registry:write    201 403 403 403 403 403 201
POST   /metrics/{key}/versions/{version}/withdrawals registry:write   201 403 403 403 403 403 201
GET    /policies                                    registry:read     200 200 200 200 200 200 200
GET    /policies/{key}                              registry:read     200 200 200 200 200 200 200
POST   /policies                                    policies:write    403 403 403 201 403 403 201
GET    /event-types                                 registry:read     200 200 200 200 200 200 200
GET    /event-types/{type}                          registry:read     200 200 200 200 200 200 200
POST   /event-types                                 event-types:write 403 403 200 200 403 200 200
POST   /events                                      events:write      403 403 202 403 403 202 202
GET    /dead-letters                                dead-letters:read 403 403 200 200 403 200 200
GET    /currency-rates                              registry:read     200 200 200 200 200 200 200
POST   /currency-rates                              rates:write       403 403 403 200 403 200 200
GET    /retention                                   registry:read     200 200 200 200 200 200 200
PUT    /retention                                   erasure:write     403 403 403 200 403 200 200
DELETE /retention/{event_type}                      erasure:write     403 403 403 204 403 204 204
POST   /retention/runs                              erasure:write     403 403 403 200 403 200 200
DELETE /contacts/{contact}                          erasure:write     403 403 403 200 403 200 200
GET    /erasures                                    erasure:write     403 403 403 200 403 200 200
GET    /webhooks                                    webhooks:write    403 403 200 200 403 200 200
POST   /webhooks                                    webhooks:write    403 403 201 201 403 201 201
GET    /webhooks/{webhook_id}                       webhooks:write    403 403 200 200 403 404 200
PATCH  /webhooks/{webhook_id}                       webhooks:write    403 403 200 200 403 404 200
DELETE /webhooks/{webhook_id}                       webhooks:write    403 403 204 204 403 404 204
POST   /webhooks/{webhook_id}/secrets               webhooks:write    403 403 201 201 403 404 201
GET    /webhooks/{webhook_id}/deliveries            webhooks:write    403 403 200 200 403 404 200
POST   /webhooks/{webhook_id}/redeliveries          webhooks:write    403 403 202 202 403 404 202
GET    /people                                      people:read       200 200 200 200 200 200 200
GET    /people/{person}                             people:read       200 200 200 200 200 200 200
POST   /people                                      people:write      403 403 403 201 403 201 201
PUT    /people/{person}                             people:write      403 403 403 200 403 200 200
POST   /people/{person}/invitation                  people:write      403 403 403 201 403 201 201
DELETE /people/{person}/sessions                    people:write      403 403 403 204 403 204 204
GET    /teams                                       people:read       200 200 200 200 200 200 200
POST   /teams                                       people:write      403 403 403 201 403 201 201
PUT    /teams/{team}                                people:write      403 403 403 200 403 200 200
GET    /tokens                                      tokens:write      403 403 200 200 403 200 200
POST   /tokens                                      tokens:write      403 403 201 201 403 201 201
DELETE /tokens/{token}                              tokens:write      403 403 200 200 403 200 200
GET    /session                                     -                 200 200 200 200 200 200 200
DELETE /session                                     -                 204 204 204 204 204 403 403
DELETE /sessions                                    -                 204 204 204 204 204 403 403
PUT    /session/password                            -                 204 204 204 204 204 403 403
"""

# What answers anybody, known or not.
OPEN = {
    "GET /healthz": 200,
    "GET /readyz": 200,
    "GET /v1/sign-in": 200,
    "POST /v1/sign-in": 401,
    "POST /v1/sign-in/invitation": 401,
    "POST /v1/sign-in/openid": 409,
    "GET /v1/sign-in/openid/callback": 409,
}


def _rows(table: str, prefix: str) -> Iterator[tuple[str, list[str]]]:
    for row in table.strip().splitlines()[1:]:
        method, path, *cells = row.split()
        yield f"{method} {prefix}{path.removeprefix('.')}", cells


def _answers(names: tuple[str, ...], cells: list[str]) -> dict[str, int]:
    return dict(zip(names, map(int, cells), strict=True))


OF_EXPERIMENTS = {
    route: OfExperiment(scope, roles, part, _answers(PHASES, cells))
    for route, (scope, roles, part, *cells) in _rows(_OF_EXPERIMENTS, "/v1/experiments/{key}")
}
ELSEWHERE = {
    route: Elsewhere(scope, _answers(COLUMNS, cells))
    for route, (scope, *cells) in _rows(_ELSEWHERE, "/v1")
}
ROUTES = (*OPEN, *ELSEWHERE, *OF_EXPERIMENTS)
