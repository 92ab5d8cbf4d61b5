"""Whom a draft names: people of the right side who can do it, and teams that are there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import AsyncConnection

from schemas.resources import ExperimentDraft, MetricDraft
from storage.registry import add_experiment, add_metric
from tests.api.house import House
from tests.api.resources import experiment, metric
from tests.api.shared_house import shared_house
from tests.databases import Databases

pytestmark = pytest.mark.stack

PEOPLE: dict[str, tuple[str, dict[str, Any]]] = {
    "ada": ("marketer", {}),
    "abe": ("marketer", {}),
    "ben": ("seller", {}),
    "gil": ("seller", {}),
    "eve": ("engineer", {}),
    "lea": ("leader", {"side": "sales"}),
}


@pytest.fixture(scope="module")
def house(databases: Databases, postgres_server: str) -> Iterator[House]:
    """People of both sides, of whom Gil has left, and three teams."""
    with shared_house(databases, postgres_server) as house:
        for name, (role, changes) in PEOPLE.items():
            house.invite(name, role, **changes)
        leave(house, "gil")
        for key, side in {"demand": "marketing", "field": "sales", "data": "neutral"}.items():
            team = {"key": key, "name": key.title(), "side": side}
            house.client.post("/v1/teams", json=team).raise_for_status()
        house.client.post("/v1/metrics", json=metric()).raise_for_status()
        yield house


def leave(house: House, seller: str) -> None:
    """Let a seller leave the house."""
    body = {"name": seller, "side": "sales", "roles": ["seller"], "is_active": False}
    house.client.put(f"/v1/people/{house.ids[seller]}", json=body).raise_for_status()


def drafted(house: House, key: str = "refused", **changes: Any) -> Any:
    return house.client.post("/v1/experiments", json=experiment(key, **changes))


def amended(house: House, key: str, **changes: Any) -> Any:
    asked = {"reason": "Ben has left.", "changes": changes}
    return house.client.post(f"/v1/experiments/{key}/amendments", json=asked)


def readers(house: House, *, marketing: str = "ada", sales: str = "ben") -> dict[str, list[str]]:
    named = {"marketing": marketing.split(), "sales": sales.split()}
    return {side: [house.ids.get(one, one) for one in names] for side, names in named.items()}


@pytest.mark.parametrize(
    ("side", "names", "place", "rule"),
    [
        ("sales", "nobody", 0, "unknown_person"),
        ("sales", "ben ada", 1, "wrong_side"),
        ("marketing", "eve", 0, "wrong_side"),
        ("sales", "gil", 0, "inactive_person"),
        ("sales", "lea", 0, "no_reviewer"),
    ],
)
def test_an_interpreter_is_somebody_of_that_side_who_can_read_and_sign(
    house: House, side: str, names: str, place: int, rule: str
) -> None:
    other = {"marketing": {"sales": ""}, "sales": {"marketing": ""}}[side]

    answer = drafted(house, interpreters=readers(house, **{**other, side: names}))

    assert answer.status_code == 422
    assert answer.json()["field"] == f"interpreters.{side}.{place}"
    assert answer.json()["rule"] == rule
    assert house.client.get("/v1/experiments/refused").status_code == 404


@pytest.mark.parametrize(("team", "rule"), [("nobody", "unknown_team"), ("field", "wrong_side")])
def test_a_team_is_there_and_works_for_the_owner(house: House, team: str, rule: str) -> None:
    answer = drafted(house, team=team)

    found = answer.json()
    assert (answer.status_code, found["field"], found["rule"]) == (422, "team", rule)


def test_who_is_there_and_of_that_side_is_taken(house: House) -> None:
    own = drafted(house, "own-team", interpreters=readers(house), team="demand")
    neutral = drafted(house, "neutral-team", team="data")

    assert (own.status_code, neutral.status_code) == (201, 201)


def test_a_house_without_people_has_nobody_to_ask_about(database: str) -> None:
    named = {"interpreters": {"marketing": ["ada"], "sales": ["ben"]}, "team": "demand"}
    draft = ExperimentDraft.model_validate(experiment(**named))

    async def write() -> str | None:
        async with await AsyncConnection.connect(database) as connection:
            written = MetricDraft.model_validate(metric())
            await add_metric(connection, written, at=draft.starts_at)
            return (await add_experiment(connection, draft, at=draft.starts_at)).team

    assert asyncio.run(write()) == "demand"


def test_who_has_left_holds_up_no_change_and_gets_a_successor_in_an_open_review(
    house: House,
) -> None:
    house.invite("sam", "seller")
    drafted(house, "reviewed", interpreters=readers(house, sales="sam"))
    house.client.post("/v1/experiments/reviewed/start").raise_for_status()
    leave(house, "sam")
    reworded = amended(house, "reviewed", name="Another")
    house.sql(
        "UPDATE experiments SET status = 'in_review', reviewed_at = now() WHERE key = 'reviewed'"
    )

    words = amended(house, "reviewed", name="A third")
    unseated = amended(house, "reviewed", interpreters=readers(house, marketing="abe", sales="sam"))
    followed = amended(house, "reviewed", interpreters=readers(house))
    beside = amended(house, "reviewed", interpreters=readers(house, marketing="ada abe"))

    assert (reworded.status_code, words.status_code) == (201, 409)
    assert (unseated.status_code, unseated.json()["rule"]) == (422, "reads_in_review")
    assert unseated.json()["field"] == "interpreters.marketing"
    assert (followed.status_code, followed.json()["touched"]) == (201, [])
    assert beside.status_code == 201
    found = house.client.get("/v1/experiments/reviewed").json()
    assert found["status"] == "in_review"
    assert found["interpreters"] == readers(house, marketing="ada abe")
