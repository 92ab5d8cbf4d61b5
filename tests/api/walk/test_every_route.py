"""Every route through the eyes of everybody, under every policy, in every phase: one table says
what each may do and see, and nothing is answered beyond it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from api.app import build_app
from tests.api.serving import open_client, settings
from tests.api.walk.asked import Request, request_to
from tests.api.walk.callers import Answer, Caller, Line, callers_of
from tests.api.walk.expected import SHOW_LEVEL, as_to_results, elsewhere, expected, refusal, walked
from tests.api.walk.table import ELSEWHERE, OF_EXPERIMENTS, OPEN, PHASES
from tests.api.walk.undone import undone
from tests.api.walk.whole_house import CAMPAIGN, SEALED, WholeHouse, key_of
from tests.transparency.levels import POLICIES

pytestmark = pytest.mark.stack

UNKNOWN = "open-nothing"
WITHHELD_FROM = {"Secondary": "headline", "Breakdowns": "metrics", "Single": "segments"}
"""The level below which something is missing, by how the notice begins."""


@pytest.fixture(scope="module")
def line(whole: WholeHouse) -> Iterator[Line]:
    """Whatever is asked leaves no trace, so that everybody meets the house as it was furnished."""
    address = whole.house.client.base_url
    with undone(whole), open_client(address) as client:
        yield Line(client)


def routes_described() -> set[str]:
    paths = build_app(settings()).openapi()["paths"]
    return {f"{method.upper()} {path}" for path, routes in paths.items() for method in routes}


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert {*OF_EXPERIMENTS, *ELSEWHERE, *OPEN} == routes_described()


@pytest.mark.parametrize("route", OPEN)
def test_what_is_open_answers_everybody_alike(whole: WholeHouse, line: Line, route: str) -> None:
    found = {c.name: line.ask(c, request_to(route, whole)).status for c in callers_of(whole)}

    assert found == dict.fromkeys(found, OPEN[route])


@pytest.mark.parametrize("route", ELSEWHERE)
def test_everybody_is_answered_as_their_column_says(
    whole: WholeHouse, line: Line, route: str
) -> None:
    found = {c.name: line.ask(c, request_to(route, whole)).status for c in callers_of(whole)}

    assert found == {caller.name: elsewhere(route, caller) for caller in callers_of(whole)}


@pytest.mark.parametrize("route", sorted(OF_EXPERIMENTS))
def test_an_experiment_is_as_open_as_its_policy_makes_it(
    whole: WholeHouse, line: Line, route: str
) -> None:
    unlike = []
    for caller in callers_of(whole):
        unknown = line.ask(caller, request_to(route, whole, experiment=UNKNOWN))
        for policy, phase in walked(route, caller):
            key = key_of(policy, phase)
            answer = line.ask(caller, request_to(route, whole, experiment=key))
            found, wanted = _seen(route, answer), expected(route, caller, policy, phase)
            if found != wanted or not _is_silent(answer, unknown, key):
                unlike.append(f"{caller.name}: {key} {found}, expected {wanted} {answer.body}")

    assert not unlike, "\n".join(unlike)


def _seen(route: str, answer: Answer) -> str:
    if answer.status != 200 or route not in SHOW_LEVEL:
        return str(answer.status)
    return f"200 {_level_shown(answer.body.get('results', answer.body))}"


def _level_shown(document: Any) -> str:
    """How much a results document holds, by what it says is withheld and by what is in it."""
    if "withheld" not in document:
        return "everything"
    withheld = {part["what"].split()[0] for part in document["withheld"]}
    is_breakdown = "rows" in document
    most = "segments" if is_breakdown else "journeys"
    level = next((level for word, level in WITHHELD_FROM.items() if word in withheld), most)
    if is_breakdown:
        assert bool(document["rows"]) == (level == "segments"), document
    else:
        assert _has_more_than_a_headline(document) == (level != "headline"), document
    return level


def _has_more_than_a_headline(document: Any) -> bool:
    roles = {metric["role"] for metric in document["metrics"]}
    has_sums = any("moments" in arm for arm in document["metrics"][0]["arms"])
    assert has_sums == (roles != {"primary"}), document
    return has_sums


def _is_silent(found: Answer, unknown: Answer, key: str) -> bool:
    """Tell whether a 404 says no more than one about an experiment that does not exist."""
    if found.status != 404 or unknown.status != 404:
        return True
    detail = unknown.body["detail"].replace(UNKNOWN, key)
    return found.body == {**unknown.body, "detail": detail} or "review" in found.body["detail"]


def test_a_list_and_a_search_show_what_the_table_lets_be_known_of(
    whole: WholeHouse, line: Line
) -> None:
    for path, query in (("", None), ("", {"search": "spring"})):
        asked = Request("GET", f"/v1/experiments{path}", query=query)
        for caller, answer in _answered(whole, line, asked, "GET /v1/experiments/{key}"):
            keys = {one["key"] for one in answer.body["experiments"]}
            assert keys == _known(caller, "GET /v1/experiments/{key}", PHASES), caller.name


def test_the_library_holds_what_was_learned_from_what_may_be_seen(
    whole: WholeHouse, line: Line
) -> None:
    asked = Request("GET", "/v1/learnings")
    for caller, answer in _answered(whole, line, asked, "GET /v1/experiments/{key}"):
        keys = {one["experiment"] for one in answer.body["learnings"]}
        level = as_to_results(caller)
        assert keys == _known(level, "GET /v1/experiments/{key}/results", ("decided",)), caller.name


def test_a_campaign_adds_up_what_may_be_seen(whole: WholeHouse, line: Line) -> None:
    asked = Request("GET", f"/v1/campaigns/{CAMPAIGN}")
    for caller, answer in _answered(whole, line, asked, "GET /v1/experiments/{key}/results"):
        started = [phase for phase in PHASES if phase != "draft"]
        known = _known(caller, "GET /v1/experiments/{key}/results", started)
        parts = {one["key"] for one in answer.body["experiments"]}
        assert parts == {key for key in known if key.startswith("shared")}, caller.name


def _answered(
    whole: WholeHouse, line: Line, asked: Request, like: str
) -> Iterator[tuple[Caller, Answer]]:
    """Everybody who is let in, and what they are answered."""
    for caller in callers_of(whole):
        if refusal(like, caller) is None:
            yield caller, line.ask(caller, asked)


def _known(caller: Caller, route: str, phases: Iterable[str]) -> set[str]:
    """The experiments that the table opens to somebody on this route, in these phases."""
    return {
        key_of(policy, phase)
        for policy in POLICIES
        for phase in phases
        if expected(route, caller, policy, phase) != "404"
    }


@pytest.mark.parametrize("policy", POLICIES)
def test_a_reading_is_sealed_to_all_but_its_side_until_both_have_written(
    whole: WholeHouse, line: Line, policy: str
) -> None:
    asked = Request("GET", f"/v1/experiments/{key_of(policy, 'in_review')}/reviews")

    readers = {c.name for c in callers_of(whole) if SEALED in str(line.ask(c, asked).body)}

    assert readers == {"marketer of the owner team"}
