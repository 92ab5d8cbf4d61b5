"""What a headline holds, what a stream shows, and what is kept of who looked.

Who sees how much, route by route, is in `tests/api/walk`.
"""

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


def test_no_answer_to_anybody_names_a_person_by_mail(floor: Floor) -> None:
    for audience in ("owner", "other_side", "organisation"):
        for path in ("/results", "/accesses", "/reviews", ""):
            assert "@" not in floor.look(audience, path).text
