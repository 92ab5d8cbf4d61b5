"""Who may know of a question and who may change it: people by their part, machines by scope."""

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
READS = (KEY, f"{KEY}/line", f"{KEY}/amendments", f"{KEY}/checks")


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


@pytest.mark.parametrize(
    ("who", "status"), [("ada", 200), ("ben", 200), ("sue", 200), ("stu", 200), ("eve", 404)]
)
def test_a_question_is_read_by_both_sides_and_stewards_as_its_policy_says(
    floor: Floor, who: str, status: int
) -> None:
    answers = [floor.people[who].get(path) for path in READS]

    assert [answer.status_code for answer in answers] == [status] * len(READS)


def test_a_list_and_a_search_show_only_what_may_be_known_of(floor: Floor) -> None:
    def seen(who: str, **asked: Any) -> list[str]:
        answer = floor.people[who].get("/v1/experiments", params=asked)
        return [e["key"] for e in answer.json()["experiments"]]

    assert seen("sue", search="spring") == ["spring-mail"]
    assert seen("eve") == []
    assert seen("eve", search="spring") == []


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


@pytest.mark.parametrize(
    ("who", "status"), [("ada", 201), ("ben", 201), ("stu", 201), ("sue", 403), ("eve", 403)]
)
def test_a_question_is_amended_by_its_team_its_interpreters_and_stewards(
    floor: Floor, who: str, status: int
) -> None:
    asked = {"reason": "A typo.", "changes": {"name": "Spring e-mail"}}

    answer = floor.people[who].send("POST", f"{KEY}/amendments", json=asked)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("step", ["register", "start", "close", "stop"])
def test_no_step_is_taken_by_somebody_without_a_part_in_it(floor: Floor, step: str) -> None:
    body = {"json": {"reason": "done"}} if step == "stop" else {}

    answer = floor.people["sue"].send("POST", f"{KEY}/{step}", **body)

    assert answer.status_code == 403
    assert floor.house.client.get(KEY).json()["epoch"] == 1


def test_nobody_writes_a_question_in_the_name_of_the_other_side(floor: Floor) -> None:
    body = experiment("other-mail", owner="marketing")

    by_sales = floor.people["sue"].send("POST", "/v1/experiments", json=body)
    by_steward = floor.people["stu"].send("POST", "/v1/experiments", json=body)

    assert (by_sales.status_code, by_steward.status_code) == (403, 201)


def test_a_machine_reads_and_changes_questions_by_its_scopes(floor: Floor) -> None:
    with floor.house.machine("registry:read") as reader:
        read = reader.get(KEY)
        refused = reader.post(f"{KEY}/stop", json={"reason": "done"})
    with floor.house.machine("registry:write") as writer:
        stopped = writer.post(f"{KEY}/stop", json={"reason": "done"})

    assert (read.status_code, refused.status_code, stopped.status_code) == (200, 403, 200)


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
