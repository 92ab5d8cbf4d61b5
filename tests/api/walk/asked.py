"""A sensible request to every route: what somebody would send who means it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.events import page_view
from tests.api.house import PASSWORD, person
from tests.api.resources import experiment, metric
from tests.api.walk.whole_house import AGREED, CAMPAIGN, NOWHERE_URL, OWN_TYPE, WholeHouse
from tests.transparency.levels import PHASES as SEEN_PHASES

AUDIENCES = ("owner_team", "other_side", "organisation")
Json = Any


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent."""

    method: str
    path: str
    body: Json = None
    query: Mapping[str, str] | None = None


def request_to(route: str, whole: WholeHouse, *, experiment: str = "open-running") -> Request:
    """Return the request; routes about an experiment are asked about this one."""
    method, path = route.split()
    body = _BODIES.get(route)
    return Request(
        method,
        path.format_map(names_in(path, whole, experiment)),
        None if body is None else body(whole, experiment),
        _query(path),
    )


def names_in(path: str, whole: WholeHouse, experiment: str) -> dict[str, str]:
    """Return what the names in a path stand for: things that are there."""
    known = {
        "key": experiment if "/experiments/" in path else _OTHER_KEY.get(path, "second"),
        "number": "1",
        "person": whole.house.ids["sam"],
        "team": "demand",
        "token": whole.house.ids["spare token"],
        "webhook_id": whole.house.ids["webhook"],
        "version": "1",
        "type": OWN_TYPE["type"],
        "event_type": "engagement.*",
        "contact": "c-nobody",
        "campaign": CAMPAIGN,
    }
    return {name: value for name, value in known.items() if f"{{{name}}}" in path}


_OTHER_KEY = {
    "/v1/templates/{key}": "subject-line",
    "/v1/policies/{key}": "shared",
    "/v1/metrics/{key}/versions/{version}/withdrawals": AGREED,
}


def _query(path: str) -> dict[str, str] | None:
    if path.endswith("/deals"):
        return {"metric": "won-value"}
    if path.endswith("/breakdowns"):
        return {"dimension": "channel"}
    if path.endswith("/explain"):
        return {"metric": "guide-downloads"}
    if path.endswith("/as-known"):
        return {"on": datetime.now(UTC).isoformat()}
    return {"state": "x"} if path.endswith("/callback") else None


def _draft(whole: WholeHouse, key: str) -> Json:
    return experiment(key, policy=key.partition("-")[0], team="demand")


_BODIES: Mapping[str, Callable[[WholeHouse, str], Json]] = {
    "PUT /v1/experiments/{key}": _draft,
    "POST /v1/experiments/{key}/stop": lambda _w, _k: {"reason": "No budget."},
    "POST /v1/experiments/{key}/amendments": lambda _w, _k: {
        "reason": "A typo.",
        "changes": {"name": "Spring e-mail"},
    },
    "POST /v1/experiments/{key}/reviews": lambda _w, _k: {
        "deadline": (datetime.now(UTC) + timedelta(days=7)).isoformat()
    },
    "PUT /v1/experiments/{key}/reviews/{number}/reading": lambda _w, _k: {"text": "It works."},
    "PUT /v1/experiments/{key}/reviews/{number}/proposal": lambda _w, _k: {
        "decision": "stop",
        "learning": "It does not matter.",
    },
    "PUT /v1/experiments/{key}/reviews/{number}/signature": lambda _w, _k: {},
    "POST /v1/experiments": lambda _w, _k: experiment("another"),
    "POST /v1/plans": lambda _w, _k: {
        "baseline": {"kind": "share", "share": 0.12},
        "effect": {"size": 0.04},
    },
    "POST /v1/metrics": lambda _w, _k: metric("third"),
    "POST /v1/metrics/dry-run": lambda _w, _k: metric("third"),
    "POST /v1/metrics/{key}/versions/{version}/agreements": lambda _w, _k: {"side": "marketing"},
    "POST /v1/metrics/{key}/versions/{version}/withdrawals": lambda _w, _k: {
        "side": "marketing",
        "reason": "It counts too much.",
    },
    "POST /v1/policies": lambda _w, _k: {
        "key": "another",
        "name": "Another",
        **{of: dict.fromkeys(SEEN_PHASES, "metrics") for of in AUDIENCES},
    },
    "POST /v1/event-types": lambda _w, _k: OWN_TYPE,
    "POST /v1/events": lambda _w, _k: page_view("walked"),
    "POST /v1/currency-rates": lambda _w, _k: {
        "rates": [{"currency": "USD", "valid_from": "2026-01-01", "rate": "0.9"}]
    },
    "PUT /v1/retention": lambda _w, _k: {"type": "engagement.*", "days": 300},
    "POST /v1/webhooks": lambda _w, _k: {"url": NOWHERE_URL},
    "PATCH /v1/webhooks/{webhook_id}": lambda _w, _k: {"note": "Another note"},
    "POST /v1/webhooks/{webhook_id}/secrets": lambda _w, _k: {},
    "POST /v1/webhooks/{webhook_id}/redeliveries": lambda _w, _k: {},
    "POST /v1/people": lambda _w, _k: person("newcomer", "leader"),
    "PUT /v1/people/{person}": lambda _w, _k: {
        "name": "Sam",
        "side": "sales",
        "roles": ["seller"],
        "is_active": True,
    },
    "POST /v1/teams": lambda _w, _k: {"key": "north", "name": "North", "side": "sales"},
    "PUT /v1/teams/{team}": lambda _w, _k: {"name": "Demand generation"},
    "POST /v1/tokens": lambda _w, _k: {"name": "Another", "scopes": ["tokens:write"]},
    "PUT /v1/session/password": lambda _w, _k: {"current": PASSWORD, "new": PASSWORD + "!"},
    "POST /v1/sign-in": lambda _w, _k: {"email": "mia@house.example", "password": "not it"},
    "POST /v1/sign-in/invitation": lambda _w, _k: {"invitation": "rti_x", "password": PASSWORD},
    "POST /v1/sign-in/openid": lambda _w, _k: {},
}
