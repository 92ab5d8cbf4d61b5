"""Both sides read one pinned set of results apart, then decide and sign together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.company import Company, history, waiting
from tests.api.house import Browser, House

pytestmark = pytest.mark.stack

REVIEWS = "/v1/experiments/spring-mail/reviews"
LEARNING = "A question in the subject line brings more downloads of the guide."


@dataclass
class Table:
    """The table that both sides sit at: a marketer, a seller, and others of the house."""

    house: House
    company: Company
    marketer: Browser
    seller: Browser
    leader: Browser

    def open(self, *, days: float = 7) -> int:
        """Ask for a review; return its number."""
        deadline = datetime.now(UTC) + timedelta(days=days)
        body = {"deadline": deadline.isoformat()}
        answer = self.marketer.send("POST", REVIEWS, json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["number"])

    def write(self, browser: Browser, text: str) -> Any:
        """Write a reading."""
        return browser.send("PUT", f"{REVIEWS}/1/reading", json={"text": text})

    def propose(self, browser: Browser, **changes: Any) -> Any:
        """Propose a decision."""
        body = {"decision": "adopt", "variant": "question", "learning": LEARNING, **changes}
        return browser.send("PUT", f"{REVIEWS}/1/proposal", json=body)

    def sign(self, browser: Browser, dissent: str | None = None) -> Any:
        """Sign."""
        return browser.send("PUT", f"{REVIEWS}/1/signature", json={"dissent": dissent})

    def pass_deadline(self) -> None:
        """Let the deadline have passed."""
        self.house.sql("UPDATE reviews SET deadline = opened_at")

    def status(self) -> str:
        """Where the experiment stands."""
        found = self.house.client.get("/v1/experiments/spring-mail").json()
        return str(found["status"])


@pytest.fixture
def table(house: House) -> Iterator[Table]:
    """An experiment that question clearly wins, with an interpreter of each side."""
    with ExitStack() as stack:
        marketer = stack.enter_context(house.signed_in("ada", "marketer"))
        seller = stack.enter_context(house.signed_in("ben", "seller"))
        leader = stack.enter_context(house.signed_in("cleo", "leader"))
        company = Company(house.client, house.database)
        readers = {"marketing": [house.ids["ada"]], "sales": [house.ids["ben"]]}
        company.start(interpreters=readers)
        company.deliver([*history(60, {"plain": 10, "question": 45}), *waiting()])
        yield Table(house, company, marketer, seller, leader)


def texts(browser: Browser) -> list[str | None]:
    (review,) = browser.get(REVIEWS).json()["reviews"]
    return [reading["text"] for reading in review["readings"]]


def known_to(asking: Browser | httpx.Client) -> list[str]:
    return [found["learning"] for found in asking.get("/v1/learnings").json()["learnings"]]


def test_the_whole_way_from_two_readings_to_the_library(table: Table) -> None:
    table.open()
    table.write(table.marketer, "The question works.")
    table.write(table.seller, "Leads are as good as before.")
    table.propose(table.marketer)
    table.sign(table.marketer)
    concluded = table.sign(table.seller, "I would have waited.").json()

    assert concluded["is_joint"] is True
    assert concluded["proposal"]["against_rule"] is False
    assert [s["dissent"] for s in concluded["signatures"]] == [None, "I would have waited."]
    assert table.status() == "decided"
    (found,) = table.leader.get("/v1/learnings", params={"q": "questions"}).json()["learnings"]
    assert (found["learning"], found["decision"]) == (LEARNING, "adopt")


def test_neither_side_sees_the_other_reading_before_both_are_written(table: Table) -> None:
    table.open()
    table.write(table.marketer, "The question works.")

    before = (texts(table.marketer), texts(table.seller))
    table.write(table.seller, "Leads are as good as before.")
    after = (texts(table.marketer), texts(table.seller))

    assert before == (["The question works.", None], [None, None])
    assert after == (["The question works.", "Leads are as good as before."],) * 2


def test_the_pinned_results_stay_while_the_live_ones_move_on(table: Table) -> None:
    table.open()
    table.company.deliver(history(80, {"plain": 30, "question": 45}))

    pinned = table.marketer.get(f"{REVIEWS}/1/results").json()
    live = table.house.client.get("/v1/experiments/spring-mail/results").json()

    assert [arm["n"] for arm in pinned["metrics"][0]["arms"]] == [60, 60]
    assert [arm["n"] for arm in live["metrics"][0]["arms"]] != [60, 60]


def test_deciding_against_the_rule_asks_for_a_reason_and_shows_it(table: Table) -> None:
    table.open()
    table.write(table.marketer, "x")
    table.write(table.seller, "y")

    bare = table.propose(table.seller, decision="stop", variant=None)
    reasoned = table.propose(table.seller, decision="stop", variant=None, reason="No budget left.")

    assert (bare.status_code, bare.json()["field"]) == (409, "reason")
    assert reasoned.json()["proposal"]["against_rule"] is True


def test_past_the_deadline_one_side_concludes_alone_and_it_stays_visible(table: Table) -> None:
    table.open()
    table.write(table.marketer, "The question works.")
    early = table.propose(table.marketer)
    table.pass_deadline()
    table.propose(table.marketer)
    concluded = table.sign(table.marketer).json()

    assert early.status_code == 409
    assert concluded["is_joint"] is False
    (found,) = table.marketer.get("/v1/learnings").json()["learnings"]
    assert found["is_joint"] is False


def test_keeping_on_looking_ends_the_review_and_not_the_experiment(table: Table) -> None:
    table.open()
    table.write(table.marketer, "x")
    table.write(table.seller, "y")
    table.propose(
        table.seller, decision="keep_looking", variant=None, reason="A holiday week is missing."
    )
    table.sign(table.seller)
    table.sign(table.marketer)

    assert table.status() == "running"
    assert known_to(table.seller) == [LEARNING]
    assert known_to(table.leader) == []
    assert known_to(table.house.client) == [LEARNING]
    assert (
        table.marketer.send("POST", REVIEWS, json={"deadline": "2099-01-01T00:00:00Z"}).json()[
            "number"
        ]
        == 2
    )


def test_only_interpreters_write_and_only_people_do(table: Table) -> None:
    table.open()
    with table.house.signed_in("dora", "marketer") as other:
        refused = table.write(other, "I was there too.")
    machine = table.house.client.put(f"{REVIEWS}/1/reading", json={"text": "beep"})

    assert refused.status_code == 403
    assert machine.status_code == 403


def test_no_review_without_an_interpreter_of_each_side(table: Table) -> None:
    table.house.sql("UPDATE experiments SET body = jsonb_set(body, '{interpreters,sales}', '[]')")

    answer = table.marketer.send("POST", REVIEWS, json={"deadline": "2099-01-01T00:00:00Z"})

    assert (answer.status_code, answer.json()["field"]) == (409, "interpreters")


def test_a_review_has_something_to_read_unless_none_is_meant_and_somebody_to_read_it(
    house: House,
) -> None:
    def stands(*, is_active: bool) -> None:
        person = {"name": "Ben", "side": "sales", "roles": ["seller"], "is_active": is_active}
        house.client.put(f"/v1/people/{house.ids['ben']}", json=person).raise_for_status()

    asked = {"deadline": "2099-01-01T00:00:00Z"}
    meant = {**asked, "even_if_nothing_can_be_read": True}
    with house.signed_in("ada", "marketer") as marketer:
        house.invite("ben", "seller")
        readers = {"marketing": [house.ids["ada"]], "sales": [house.ids["ben"]]}
        Company(house.client, house.database).start(interpreters=readers)
        empty = marketer.send("POST", REVIEWS, json=asked)
        stands(is_active=False)
        alone = marketer.send("POST", REVIEWS, json=meant)
        stands(is_active=True)
        opened = marketer.send("POST", REVIEWS, json=meant)

    found = empty.json()
    assert (empty.status_code, found["rule"]) == (409, "nothing_to_read")
    assert found["field"] == "even_if_nothing_can_be_read"
    assert (alone.status_code, alone.json()["field"]) == (409, "interpreters")
    assert "nobody who is active reads for sales" in alone.json()["detail"]
    assert opened.status_code == 201


def test_a_second_review_is_not_opened_beside_the_first(table: Table) -> None:
    table.open()

    again = table.marketer.send("POST", REVIEWS, json={"deadline": "2099-01-01T00:00:00Z"})

    assert again.status_code == 409


def test_a_deadline_that_has_passed_is_refused(table: Table) -> None:
    answer = table.marketer.send("POST", REVIEWS, json={"deadline": "2020-01-01T00:00:00Z"})

    assert (answer.status_code, answer.json()["field"]) == (422, "deadline")


def test_those_of_neither_side_see_a_review_once_it_is_concluded(table: Table) -> None:
    table.open()
    table.write(table.marketer, "x")
    table.write(table.seller, "y")

    before = table.leader.get(REVIEWS)
    table.propose(table.marketer)
    table.sign(table.marketer)
    table.sign(table.seller)
    after = table.leader.get(REVIEWS)

    assert before.status_code == 404
    assert len(after.json()["reviews"]) == 1


@pytest.mark.parametrize("words", ["downloads", "Download guide", '"subject line"', ""])
def test_the_library_is_searched_by_stems_and_phrases(table: Table, words: str) -> None:
    table.open()
    for browser, text in ((table.marketer, "x"), (table.seller, "y")):
        table.write(browser, text)
    table.propose(table.marketer)
    table.sign(table.marketer)
    table.sign(table.seller)

    found = table.seller.get("/v1/learnings", params={"q": words}).json()
    nothing = table.seller.get("/v1/learnings", params={"q": "webinar"}).json()

    assert len(found["learnings"]) == 1
    assert nothing["learnings"] == []
