"""Policies as people meet them: read in words, written by stewards, kept by what is registered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from schemas.policies import READY_MADE, Phase
from tests.api.house import Browser, House
from tests.api.resources import experiment, metric
from tests.api.shared_house import shared_house
from tests.databases import Databases

pytestmark = pytest.mark.stack

CLOSED = dict.fromkeys(Phase, "none")
METRICS = dict.fromkeys(Phase, "metrics")
LATE = {"running": "none", "in_review": "metrics", "decided": "metrics"}


@dataclass
class Floor:
    """A house with a steward and people of both sides, and policies that each test names anew."""

    house: House
    people: dict[str, Browser]
    numbers: Iterator[int]

    def name(self) -> str:
        """A key that nothing has yet."""
        return f"own-{next(self.numbers)}"

    def write(self, key: str, who: str = "stu", **changes: Any) -> Any:
        """Write a policy down."""
        return self.people[who].send("POST", "/v1/policies", json=policy(key, **changes))

    def register(self, key: str, **changes: Any) -> Any:
        """Register an experiment of marketing."""
        self.house.client.post("/v1/experiments", json=experiment(key, **changes))
        return self.house.client.post(f"/v1/experiments/{key}/register").json()

    def amend(self, key: str, **changes: Any) -> Any:
        """Amend an experiment."""
        asked = {"reason": "Others may look.", "changes": changes}
        path = f"/v1/experiments/{key}/amendments"
        return self.people["ada"].send("POST", path, json=asked)

    def is_known_to_sales(self, key: str) -> bool:
        """Whether the other side knows of an experiment."""
        return self.people["ben"].get(f"/v1/experiments/{key}").status_code == 200


def policy(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": "Sales looks on",
        "owner_team": METRICS,
        "other_side": METRICS,
        "organisation": CLOSED,
        **changes,
    }


@pytest.fixture(scope="module")
def floor(databases: Databases, postgres_server: str) -> Iterator[Floor]:
    """One API for the whole module."""
    roles = {"stu": "steward", "ada": "marketer", "ben": "seller", "eve": "engineer"}
    with shared_house(databases, postgres_server) as house, ExitStack() as stack:
        people = {n: stack.enter_context(house.signed_in(n, role)) for n, role in roles.items()}
        for key in ("guide-downloads", "second"):
            house.client.post("/v1/metrics", json=metric(key)).raise_for_status()
        yield Floor(house, people, iter(range(1_000)))


def levels_of(shown: Any) -> dict[str, dict[str, str]]:
    return {
        row["audience"]: {cell["phase"]: cell["level"] for cell in row["phases"]}
        for row in shown["table"]
    }


def test_every_house_begins_with_the_ready_made_ones(floor: Floor) -> None:
    found = {
        p["key"]: p
        for p in floor.people["ben"].get("/v1/policies").json()["policies"]
        if p["key"] in READY_MADE
    }

    for key, ready_made in READY_MADE.items():
        written = ready_made.model_dump(mode="json")
        assert {name: found[key][name] for name in written} == written
        assert (found[key]["version"], found[key]["created_by"]) == (1, None)


def test_a_table_in_words_stands_beside_the_levels(floor: Floor) -> None:
    german = floor.people["ben"].get("/v1/policies/workshop", params={"language": "de"}).json()

    (shown,) = german["versions"]
    assert levels_of(shown)["other_side"] == shown["other_side"]
    first = shown["table"][1]["phases"][0]["sentence"]
    assert first.startswith("Bis ein Review beginnt, sieht die andere Seite die Kernaussage")
    assert german["always"][0] == "Gruppen von weniger als fünf Accounts sind für alle verborgen."


@pytest.mark.parametrize("who", ["ada", "ben", "eve"])
def test_nobody_but_a_steward_writes_a_policy(floor: Floor, who: str) -> None:
    key = floor.name()

    answer = floor.write(key, who)

    assert answer.status_code == 403
    assert floor.people[who].get(f"/v1/policies/{key}").status_code == 404


def test_no_token_writes_a_policy(floor: Floor) -> None:
    scopes = {"name": "A pipeline", "scopes": ["policies:write"]}

    answer = floor.people["stu"].send("POST", "/v1/tokens", json=scopes)

    assert answer.status_code == 422
    assert "policies:write is for people alone" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"organisation": METRICS | {"decided": "none"}}, "organisation: decided: not below"),
        ({"organisation": dict.fromkeys(Phase, "segments")}, "not below organisation.running"),
        ({"other_side": CLOSED}, "other_side.in_review: at least metrics"),
        ({"smallest_group": 3}, "smallest_group: Extra inputs are not permitted"),
    ],
)
def test_a_policy_that_surprises_is_refused_by_field_and_rule(
    floor: Floor, changes: dict[str, Any], complaint: str
) -> None:
    key = floor.name()

    answer = floor.write(key, **changes)

    assert answer.status_code == 422
    assert complaint in answer.json()["detail"]
    assert floor.people["stu"].get(f"/v1/policies/{key}").status_code == 404


def test_a_change_is_a_new_version_and_the_same_again_is_none(floor: Floor) -> None:
    key = floor.name()

    first, again = floor.write(key), floor.write(key)
    changed = floor.write(key, other_side=LATE)

    assert [a.status_code for a in (first, again, changed)] == [201, 200, 201]
    versions = floor.people["ben"].get(f"/v1/policies/{key}").json()["versions"]
    steward = floor.house.ids["stu"]
    assert [(v["version"], v["other_side"]["running"], v["created_by"]) for v in versions] == [
        (2, "none", steward),
        (1, "metrics", steward),
    ]


def test_a_version_is_never_changed_not_even_by_whoever_holds_the_database(floor: Floor) -> None:
    for statement in ("UPDATE policies SET version = 9", "DELETE FROM policies",
                      "TRUNCATE policies"):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            floor.house.sql(statement)


def test_a_new_version_holds_for_what_is_registered_after_it(floor: Floor) -> None:
    key = floor.name()
    floor.write(key)
    before = floor.register("before", policy=key)
    floor.write(key, other_side=LATE)
    after = floor.register("after", policy=key)

    assert (before["policy_version"], after["policy_version"]) == (1, 2)
    assert floor.is_known_to_sales("before")
    assert not floor.is_known_to_sales("after")


def test_a_draft_is_seen_by_the_newest_version_and_names_none(floor: Floor) -> None:
    key = floor.name()
    floor.write(key)
    body = experiment("still-a-draft", policy=key)
    drafted = floor.house.client.post("/v1/experiments", json=body).json()
    was_known = floor.is_known_to_sales("still-a-draft")
    floor.write(key, other_side=LATE)

    named = floor.house.client.put(
        "/v1/experiments/still-a-draft", json={**body, "policy_version": 1}
    )

    assert drafted["policy_version"] is None
    assert (was_known, floor.is_known_to_sales("still-a-draft")) == (True, False)
    assert (named.status_code, named.json()["field"]) == (422, "policy_version")
    assert named.json()["rule"] == "not_for_drafts"


def test_an_amendment_takes_the_newest_version_up_and_no_other(floor: Floor) -> None:
    key = floor.name()
    floor.write(key)
    floor.register("amended", policy=key)
    floor.write(key, other_side=LATE)

    reworded = floor.amend("amended", name="Another")
    taken_up = floor.amend("amended", policy=key)
    back = floor.amend("amended", policy_version=1)

    assert reworded.json()["changes"][0]["field"] == "name"
    assert taken_up.json()["changes"] == [{"field": "policy_version", "before": 1, "after": 2}]
    assert taken_up.json()["touched"] == []
    assert (back.status_code, back.json()["rule"]) == (422, "not_newest")
    assert not floor.is_known_to_sales("amended")


def test_new_versions_and_their_taking_up_are_kept_in_the_access_log(floor: Floor) -> None:
    key = floor.name()
    floor.write(key)
    floor.register("logged", policy=key)
    floor.write(key, other_side=LATE)
    floor.write(key, other_side=LATE)
    floor.amend("logged", policy=key)

    kept = floor.house.sql(
        "SELECT person, experiment, detail FROM access_log WHERE action = 'policy_change' "
        "AND (detail ->> 'policy' = %s OR experiment = 'logged') ORDER BY number",
        key,
    )

    steward, marketer = floor.house.ids["stu"], floor.house.ids["ada"]
    change = {"before": key, "before_version": 1, "after": key, "after_version": 2}
    assert kept == [
        (steward, None, {"policy": key, "version": 1}),
        (steward, None, {"policy": key, "version": 2}),
        (marketer, "logged", change),
    ]


def test_an_experiment_whose_policy_is_unknown_is_seen_as_the_strictest_lets(floor: Floor) -> None:
    uses = [{"metric": "guide-downloads"}, {"metric": "second", "role": "secondary"}]
    floor.register("lost", metrics=uses)

    def seen() -> list[str]:
        answer = floor.people["ben"].get("/v1/experiments/lost/results")
        return [found["metric"] for found in answer.json()["metrics"]]

    as_registered = seen()
    floor.house.sql(
        "UPDATE experiments SET body = jsonb_set(body, '{policy}', '\"gone\"') WHERE key = 'lost'"
    )

    # `shared` shows the other side all readings; `workshop` the primary metric until the review.
    assert (as_registered, seen()) == (["guide-downloads", "second"], ["guide-downloads"])
    assert floor.people["eve"].get("/v1/experiments/lost").status_code == 404
