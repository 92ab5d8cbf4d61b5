"""A house in which every part of the platform stands once: people, machines, and experiments of
every policy in every phase. Built once, then walked through by many tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from msgspec.structs import replace

from schemas.events import Event
from schemas.scopes import SCOPES_OF_PEOPLE_ALONE, Scope
from tests.api.company import Company, download, exposure, waiting
from tests.api.house import Browser, House
from tests.api.resources import experiment, metric
from tests.api.walk.table import PHASES
from tests.transparency.levels import POLICIES

PEOPLE = {
    "marketer of the owner team": ("mia", "marketer", "demand"),
    "marketer of another team": ("ben", "marketer", "brand"),
    "interpreter of sales": ("sue", "seller", None),
    "seller": ("sam", "seller", None),
    "engineer": ("eve", "engineer", None),
    "steward": ("stu", "steward", None),
    "leader of the house": ("lea", "leader", None),
}
TEAMS = {"demand": "marketing", "brand": "marketing"}
OF_MACHINES = tuple(scope for scope in Scope if scope not in SCOPES_OF_PEOPLE_ALONE)
UNITS = 40
DOWNLOADS = {"plain": 10, "question": 38}
METRICS = (
    metric(),
    metric("second"),
    metric("won-value", kind="latest_deal_value", measure={"filter": {"types": ["deal.*"]}}),
)
OWN_TYPE = {
    "type": "product.trial.started",
    "meaning": "An account began to try the product",
    "owner": "marketing",
    "data_schema": {"type": "object", "properties": {"seats": {"type": "integer"}}},
}
AGREED = "won-value"
"""The metric that marketing has agreed to, and sales has not."""
ENDED = "2026-04-01T00:00:00Z"
CAMPAIGN = "spring"
CHANNELS = ("email", "web")
NOWHERE_URL = "http://127.0.0.1:1/"
SEALED = "Marketing's alone until both have written."
LEARNING = "A question brings more downloads."


def key_of(policy: str, phase: str) -> str:
    """The experiment under this policy and in this phase."""
    return f"{policy}-{phase}".replace("_", "-")


@dataclass
class WholeHouse:
    """The house, everybody who is signed in, and a machine for every scope."""

    house: House
    people: dict[str, Browser]
    machines: dict[Scope, httpx.Client]
    company: Company

    def id_of(self, person: str) -> str:
        """The id of somebody in `PEOPLE`."""
        return self.house.ids[PEOPLE[person][0]]


@contextmanager
def whole_house(house: House) -> Iterator[WholeHouse]:
    """Furnish a house that is empty yet."""
    with ExitStack() as stack:
        for key, side in TEAMS.items():
            team = {"key": key, "name": key.title(), "side": side}
            house.client.post("/v1/teams", json=team).raise_for_status()
        people = {
            described: stack.enter_context(
                house.signed_in(name, role, teams=[team] if team else [])
            )
            for described, (name, role, team) in PEOPLE.items()
        }
        machines = {scope: stack.enter_context(house.machine(scope)) for scope in OF_MACHINES}
        whole = WholeHouse(house, people, machines, Company(house.client, house.database))
        _furnish(whole)
        _register(whole)
        _deliver(whole.company)
        _look_once(whole)
        _review(whole)
        yield whole


def _furnish(whole: WholeHouse) -> None:
    """What stands beside the experiments."""
    house = whole.house
    house.client.post("/v1/event-types", json=OWN_TYPE).raise_for_status()
    rule = {"type": "engagement.*", "days": 900}
    house.client.put("/v1/retention", json=rule).raise_for_status()
    # It asks for an experiment that is not there, so that nothing is ever sent.
    webhook = {"url": NOWHERE_URL, "experiments": ["nothing"]}
    made = whole.people["engineer"].send("POST", "/v1/webhooks", json=webhook)
    with house.machine("events:write"):
        house.ids["spare token"] = house.ids["machine"]
    house.ids["webhook"] = made.raise_for_status().json()["id"]


def _register(whole: WholeHouse) -> None:
    client = whole.house.client
    readers = {
        "marketing": [whole.id_of("marketer of the owner team")],
        "sales": [whole.id_of("interpreter of sales")],
    }
    for one in METRICS:
        client.post("/v1/metrics", json=one).raise_for_status()
    agreements = f"/v1/metrics/{AGREED}/versions/1/agreements"
    client.post(agreements, json={"side": "marketing"}).raise_for_status()
    for policy in POLICIES:
        for phase in PHASES:
            draft = experiment(
                key_of(policy, phase),
                policy=policy,
                team="demand",
                ends_at=ENDED if phase in {"in_review", "decided"} else None,
                campaign=CAMPAIGN if policy == "shared" else None,
                dimensions=[{"field": "channel", "values": [*CHANNELS]}],
                interpreters=readers,
                metrics=[
                    {"metric": one["key"], "role": "secondary" if place else "primary"}
                    for place, one in enumerate(METRICS)
                ],
            )
            client.post("/v1/experiments", json=draft).raise_for_status()
    for key in _started():
        client.post(f"/v1/experiments/{key}/start").raise_for_status()


def _started() -> Iterator[str]:
    return (key_of(policy, phase) for policy in POLICIES for phase in PHASES if phase != "draft")


def _deliver(company: Company) -> None:
    company.build()
    company.deliver([*_events()])


def _events() -> Iterator[Event]:
    """In every started experiment the question wins clearly, each on accounts of its own."""
    for place, key in enumerate(_started()):
        first = 1_000 * place
        for number in range(2 * UNITS):
            variant = "plain" if number < UNITS else "question"
            yield _met(exposure(first + number, variant), key, CHANNELS[number % 2])
            if number % UNITS < DOWNLOADS[variant]:
                yield download(first + number)
        yield from (_met(later, key, "email") for later in waiting(5, first=first + 500))


def _met(one: Event, experiment: str, channel: str) -> Event:
    return replace(one, channel=channel, data={**one.data, "experiment": experiment})


def _review(whole: WholeHouse) -> None:
    for policy in POLICIES:
        stopped = key_of(policy, "stopped")
        whole.house.client.post(
            f"/v1/experiments/{stopped}/stop", json={"reason": "No budget."}
        ).raise_for_status()
        open_review(whole, key_of(policy, "in_review"))
        reading = f"{key_of(policy, 'in_review')}/reviews/1/reading"
        _done(whole, "marketer of the owner team", "PUT", reading, {"text": SEALED})
        open_review(whole, key_of(policy, "decided"))
        conclude(whole, key_of(policy, "decided"))


def open_review(whole: WholeHouse, key: str) -> None:
    """Let the owner team ask for a review."""
    deadline = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    _done(whole, "marketer of the owner team", "POST", f"{key}/reviews", {"deadline": deadline})


def conclude(whole: WholeHouse, key: str) -> None:
    """Let both sides read, decide and sign."""
    readers = ("marketer of the owner team", "interpreter of sales")
    for reader in readers:
        _done(whole, reader, "PUT", f"{key}/reviews/1/reading", {"text": f"A {reader} reads."})
    proposal = {"decision": "adopt", "variant": "question", "learning": LEARNING}
    _done(whole, readers[0], "PUT", f"{key}/reviews/1/proposal", proposal)
    for reader in readers:
        _done(whole, reader, "PUT", f"{key}/reviews/1/signature", {})


def _look_once(whole: WholeHouse) -> None:
    """Let the figures of the first step be released, as they are when the first person asks."""
    owner = whole.people["marketer of the owner team"]
    for key in _started():
        owner.get(f"/v1/experiments/{key}/results").raise_for_status()


def _done(whole: WholeHouse, person: str, method: str, path: str, body: dict[str, Any]) -> None:
    answer = whole.people[person].send(method, f"/v1/experiments/{path}", json=body)
    assert answer.is_success, answer.text
