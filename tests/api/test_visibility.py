"""Who sees how much: the same experiment through the eyes of every audience, in every phase."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.api.company import Company, history, waiting
from tests.api.house import Browser, House
from tests.api.resources import metric

pytestmark = pytest.mark.stack

KEY = "/v1/experiments/spring-mail"
# What each audience sees of a running and of a decided experiment, by policy.
SEEN = {
    "open": {
        "owner": ("segments", "segments"),
        "other_side": ("segments", "segments"),
        "organisation": ("metrics", "metrics"),
    },
    "shared": {
        "owner": ("segments", "segments"),
        "other_side": ("metrics", "metrics"),
        "organisation": ("none", "headline"),
    },
    "workshop": {
        "owner": ("segments", "segments"),
        "other_side": ("headline", "metrics"),
        "organisation": ("none", "headline"),
    },
}


@dataclass
class Floor:
    """A house with an experiment of marketing, and somebody of every audience."""

    house: House
    company: Company
    owner: Browser
    other_side: Browser
    organisation: Browser

    def look(self, audience: str, path: str = "/results") -> Any:
        """What this audience is answered."""
        browser: Browser = getattr(self, audience)
        return browser.get(KEY + path)

    def put_under(self, policy: str) -> None:
        """Give the experiment another policy."""
        self.house.sql(
            "UPDATE experiments SET body = jsonb_set(body, '{policy}', to_jsonb(%s::text))", policy
        )

    def decide(self) -> None:
        """Let the experiment have been decided."""
        self.house.sql("UPDATE experiments SET status = 'decided', decided_at = now()")


@pytest.fixture
def floor(house: House) -> Iterator[Floor]:
    """Sixty accounts in each variant; the question clearly wins."""
    with ExitStack() as stack:
        owner = stack.enter_context(house.signed_in("ada", "marketer"))
        other = stack.enter_context(house.signed_in("ben", "seller"))
        neither = stack.enter_context(house.signed_in("cleo", "engineer"))
        company = Company(house.client, house.database)
        house.client.post("/v1/metrics", json=metric("second")).raise_for_status()
        company.start(
            metrics=[{"metric": "guide-downloads"}, {"metric": "second", "role": "secondary"}]
        )
        company.deliver([*history(60, {"plain": 10, "question": 45}), *waiting()])
        yield Floor(house, company, owner, other, neither)


def level_of(answer: Any) -> str:
    """The level that an answer shows, by what is in it."""
    if answer.status_code == 404:
        return "none"
    document = answer.json()
    if len(document["metrics"]) == 1:
        return "headline"
    # Breakdowns are not there yet; days, which are single accounts' affair, are never live.
    withheld = " ".join(part["what"] for part in document["withheld"])
    return "metrics" if "Breakdowns" in withheld else "segments"


@pytest.mark.parametrize("policy", SEEN)
def test_every_audience_sees_what_the_policy_gives_it_in_either_phase(
    floor: Floor, policy: str
) -> None:
    floor.put_under(policy)
    running = {audience: level_of(floor.look(audience)) for audience in SEEN[policy]}
    floor.decide()
    decided = {audience: level_of(floor.look(audience)) for audience in SEEN[policy]}

    assert {a: (running[a], decided[a]) for a in running} == SEEN[policy]


@pytest.mark.parametrize(
    "path", ["/results", "/stream", "/explain?metric=second", "/as-known?on=2026-11-01T00:00:00Z",
             "/deals?metric=second", "/reviews", "/accesses"]
)  # fmt: skip
def test_what_may_not_be_seen_is_answered_as_if_it_did_not_exist(floor: Floor, path: str) -> None:
    hidden = floor.look("organisation", path)
    unknown = floor.organisation.get(f"/v1/experiments/no-such{path}")

    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json() == {
        **unknown.json(),
        "detail": unknown.json()["detail"].replace("no-such", "spring-mail"),
    }


def test_a_headline_holds_the_primary_metric_and_says_what_is_withheld(floor: Floor) -> None:
    floor.put_under("workshop")

    seen = floor.look("other_side").json()

    (primary,) = seen["metrics"]
    assert primary["metric"] == "guide-downloads"
    assert primary["pairs"][0]["status"] == "better"
    assert "fixed" not in primary["pairs"][0]
    assert "moments" not in primary["arms"][0]
    assert seen["interpretation"] == "not_yet_interpreted"
    assert any("Secondary metrics" in part["what"] for part in seen["withheld"])


def test_the_stream_shows_as_much_as_the_results(floor: Floor) -> None:
    floor.put_under("workshop")

    with floor.other_side.client.stream("GET", KEY + "/stream") as answer:
        lines = answer.iter_lines()
        data = next(line for line in lines if line.startswith("data: "))

    assert '"not_yet_interpreted"' in data
    assert '"second"' not in data


def test_reading_details_is_logged_and_the_log_is_open_to_the_owner(floor: Floor) -> None:
    floor.look("owner")
    floor.look("other_side")

    found = floor.look("owner", "/accesses").json()["accesses"]

    assert [(e["action"], e["person"], e["level"], e["route"]) for e in found] == [
        ("read", floor.house.ids["ada"], "segments", "results")
    ]


def test_the_log_is_append_only_even_for_whoever_holds_the_database(floor: Floor) -> None:
    floor.look("owner")

    for statement in ("UPDATE access_log SET person = 'x'", "DELETE FROM access_log",
                      "TRUNCATE access_log"):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            floor.house.sql(statement)


def test_a_token_of_a_machine_sees_what_the_organisation_sees(floor: Floor) -> None:
    with floor.house.machine("results:read") as machine:
        hidden = machine.get(KEY + "/results")
        floor.put_under("open")
        shown = machine.get(KEY + "/results")

    assert hidden.status_code == 404
    assert level_of(shown) == "metrics"


def test_no_answer_to_anybody_names_a_person_by_mail(floor: Floor) -> None:
    for audience in ("owner", "other_side", "organisation"):
        for path in ("/results", "/accesses", "/reviews", ""):
            assert "@" not in floor.look(audience, path).text
