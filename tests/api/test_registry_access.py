"""How lists go on behind what may not be known of, and who writes in whose name.

Who may know of a question and who may change it, route by route, is in `tests/api/walk`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.house import Browser, House
from tests.api.resources import experiment, metric

pytestmark = pytest.mark.stack

KEY = "/v1/experiments/spring-mail"


@dataclass
class Floor:
    """A house with a registered experiment of marketing, and people around it."""

    house: House
    people: dict[str, Browser]


@pytest.fixture
def floor(house: House) -> Iterator[Floor]:
    """Ada's team runs it, Ben of sales interprets it; the others have no part in it."""
    with ExitStack() as stack:
        people = {
            name: stack.enter_context(house.signed_in(name, role))
            for name, role in {
                "ada": "marketer",
                "ben": "seller",
                "sue": "seller",
                "eve": "engineer",
                "stu": "steward",
            }.items()
        }
        house.client.post("/v1/metrics", json=metric())
        interpreters = {"marketing": [house.ids["ada"]], "sales": [house.ids["ben"]]}
        body = experiment(interpreters=interpreters)
        assert people["ada"].send("POST", "/v1/experiments", json=body).status_code == 201
        assert people["ada"].send("POST", f"{KEY}/register").status_code == 200
        yield Floor(house, people)


def test_a_page_goes_on_behind_what_may_not_be_known_of(floor: Floor) -> None:
    for number in range(6):
        policy = "open" if number in {2, 5} else "shared"
        body = experiment(f"mail-{number}", policy=policy)
        floor.house.client.post("/v1/experiments", json=body).raise_for_status()

    found: list[str] = []
    asked: dict[str, Any] | None = {"limit": 1}
    while asked is not None:
        answer = floor.people["eve"].get("/v1/experiments", params=asked)
        found += [e["key"] for e in answer.json()["experiments"]]
        after = answer.json()["next"]
        asked = None if after is None else {"limit": 1, "after": after}
        assert "mail" not in str(after)

    assert found == ["mail-2", "mail-5"]


def test_nobody_writes_a_question_in_the_name_of_the_other_side(floor: Floor) -> None:
    body = experiment("other-mail", owner="marketing")

    by_sales = floor.people["sue"].send("POST", "/v1/experiments", json=body)
    by_steward = floor.people["stu"].send("POST", "/v1/experiments", json=body)

    assert (by_sales.status_code, by_steward.status_code) == (403, 201)


def test_another_policy_is_kept_in_the_access_log(floor: Floor) -> None:
    asked = {"reason": "All may look.", "changes": {"policy": "open"}}
    floor.people["ada"].send("POST", f"{KEY}/amendments", json=asked)
    floor.people["ada"].send(
        "POST", f"{KEY}/amendments", json={"reason": "A typo.", "changes": {"name": "Another"}}
    )

    kept = floor.house.sql("SELECT action, person, experiment, route, detail FROM access_log")

    change = {"before": "shared", "before_version": 1, "after": "open", "after_version": 1}
    assert [row for row in kept if row[0] == "policy_change"] == [
        ("policy_change", floor.house.ids["ada"], "spring-mail", "amendments", change)
    ]
