"""Who is told which insight: the table of what may be seen, written by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from api.identity import DEPLOYMENT, Asking, Machine, SignedIn
from api.insight_sight import ORGANISATION, told_to
from api.visibility import Sight, sight_on
from schemas import insight_sentences as said
from schemas.insight_sentences import Pair, ReviewPlace
from schemas.insights import INSIGHT_TYPES, Happening, Insight, OfExperiment, StatusChanged
from schemas.people import PersonSide, Role
from schemas.policies import READY_MADE
from schemas.resources import Experiment
from schemas.scopes import Scope
from tests.api.resources import experiment

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
KEYS = Pair("spring-mail", "guide-downloads", "plain", "question")
NAMES = Pair("Spring mail", "Guide downloads", "Plain", "Question")
PLACE = ReviewPlace("spring-mail", "Spring mail", 1, AT)
STARTED = said.experiment_started("spring-mail", "Spring mail")
BETTER = said.status_changed(KEYS, NAMES, previous="collecting", status="better")
OVERDUE = said.review_overdue(PLACE, ["sales"])
MACHINE = Machine(token="t-1", name="CRM", scopes=frozenset({Scope.WEBHOOKS_WRITE}))
ADMIN = Machine(token="t-2", name="Operations", scopes=frozenset({Scope.ADMIN}))


def somebody(*roles: Role, side: str = "neutral", teams: tuple[str, ...] = ()) -> SignedIn:
    return SignedIn(
        person="p-1",
        name="Somebody",
        side=PersonSide(side),
        roles=frozenset(roles),
        teams=frozenset(teams),
        scopes=frozenset(),
        session=b"",
    )


MARKETER = somebody(Role.MARKETER, side="marketing", teams=("growth",))
OTHER_TEAM = somebody(Role.MARKETER, side="marketing", teams=("brand",))
SELLER = somebody(Role.SELLER, side="sales")
STEWARD = somebody(Role.STEWARD)
ASKERS = {
    "owner": MARKETER,
    "other team": OTHER_TEAM,
    "seller": SELLER,
    "steward": STEWARD,
    "machine": MACHINE,
    "organisation": ORGANISATION,
}
BOTH_SIDES = {"owner", "seller"}
EVERYBODY = set(ASKERS)


def found(policy: str, status: str = "running", **changes: Any) -> Experiment:
    reviewed = AT if status in {"in_review", "decided"} else None
    fields = {
        **experiment(policy=policy, team="growth"),
        "visibility": READY_MADE.get(policy),
        "status": status,
        "epoch": 1,
        "created_at": AT,
        "registered_at": AT,
        "reviewed_at": reviewed,
        "decided_at": AT if status == "decided" else None,
        **changes,
    }
    return Experiment.model_validate(fields)


def told(happening: Happening, asking: Asking, seen: Experiment) -> Happening | None:
    sight: Sight | None = sight_on(seen, asking, signed_by_both=True)
    answer = told_to(Insight(id="one", time=AT, data=happening), asking, sight)
    return None if answer is None else answer.data


@pytest.mark.parametrize(
    ("policy", "status", "expected"),
    [
        ("open", "running", EVERYBODY),
        ("open", "decided", EVERYBODY),
        ("shared", "running", BOTH_SIDES),
        ("shared", "in_review", BOTH_SIDES),
        ("shared", "decided", EVERYBODY),
        ("workshop", "running", BOTH_SIDES),
        ("workshop", "decided", EVERYBODY),
        ("a-policy-of-yesterday", "running", BOTH_SIDES),
    ],
)
@pytest.mark.parametrize("happening", [STARTED, BETTER], ids=lambda each: type(each).__name__)
def test_an_insight_is_told_to_those_who_see_the_headline(
    policy: str, status: str, expected: set[str], happening: Happening
) -> None:
    seen = found(policy, status)

    assert {
        name for name, asking in ASKERS.items() if told(happening, asking, seen) is not None
    } == expected


def test_a_status_of_a_metric_that_is_primary_no_more_is_for_those_who_see_metrics() -> None:
    metrics = [
        {"metric": "guide-downloads", "role": "secondary"},
        {"metric": "leads", "role": "primary"},
    ]
    seen = found("workshop", metrics=metrics)

    assert told(BETTER, SELLER, seen) is None
    assert told(BETTER, MARKETER, seen) is not None


def test_a_status_says_how_far_it_was_read_together_as_the_results_do() -> None:
    running, decided = found("open"), found("open", "decided")

    def interpretation(asking: Asking, seen: Experiment) -> str | None:
        change = told(BETTER, asking, seen)
        assert isinstance(change, StatusChanged)
        assert (change.interpretation is None) == (change.interpretation_sentence is None)
        return change.interpretation

    assert interpretation(ORGANISATION, running) == "not_yet_interpreted"
    assert interpretation(MARKETER, running) == "in_progress"
    assert interpretation(ORGANISATION, decided) == "jointly_interpreted"
    assert interpretation(DEPLOYMENT, running) is None


def test_a_reminder_is_for_the_side_that_has_not_written() -> None:
    due = said.review_due(PLACE, "sales")
    seen = found("open", "in_review")

    assert {name for name, asking in ASKERS.items() if told(due, asking, seen)} == {"seller"}


@pytest.mark.parametrize("happening", [OVERDUE, said.review_requested("spring-mail", "x", AT)])
def test_an_open_review_is_for_the_two_sides_alone(happening: Happening) -> None:
    seen = found("open", "in_review")

    assert {name for name, asking in ASKERS.items() if told(happening, asking, seen)} == {
        *BOTH_SIDES,
        "other team",
    }


def test_the_deployment_is_told_everything() -> None:
    assert told(BETTER, DEPLOYMENT, found("workshop")) == BETTER
    assert told(BETTER, ADMIN, found("workshop")) == BETTER


@pytest.mark.parametrize(
    "happening",
    [
        said.alarm_of_source("web", is_raised=True),
        said.webhook_disabled("6f1c7d0e", "crm.example", is_gone=True),
    ],
)
def test_what_is_about_the_platform_is_for_everybody(happening: Happening) -> None:
    insight = Insight(id="one", time=AT, data=happening)

    assert told_to(insight, ORGANISATION, None) == insight


def test_what_is_about_an_experiment_that_is_not_known_is_for_nobody() -> None:
    insight = Insight(id="one", time=AT, data=STARTED)

    assert told_to(insight, MARKETER, None) is None


def test_every_type_of_insight_is_told_to_somebody() -> None:
    seen = found("open", "in_review")

    silent = {type(each) for each in _every_kind() if told(each, SELLER, seen) is None}

    assert {type(each) for each in _every_kind()} == {row.payload for row in INSIGHT_TYPES.values()}
    assert silent == set()


def test_a_type_that_is_not_placed_is_told_to_the_deployment_alone() -> None:
    class New(OfExperiment, frozen=True, kw_only=True):
        """Nobody has said yet who may know of it."""

    class NewOfThePlatform(Happening, frozen=True, kw_only=True):
        """Nor of this."""

    new = New(experiment="spring-mail", sentence=STARTED.sentence)
    of_the_platform = NewOfThePlatform(sentence=STARTED.sentence)

    assert told(new, MARKETER, found("open")) is None
    assert told(of_the_platform, MARKETER, found("open")) is None
    assert told(new, DEPLOYMENT, found("open")) == new


def _every_kind() -> Iterator[Happening]:
    yield from (STARTED, BETTER, OVERDUE)
    yield said.experiment_closed("spring-mail", "Spring mail")
    yield said.experiment_stopped("spring-mail", "Spring mail", "the offer changed")
    yield said.review_requested("spring-mail", "Spring mail", AT)
    yield said.review_due(PLACE, "sales")
    yield said.decided("spring-mail", "Spring mail", "adopt", is_joint=True)
    yield said.alarm_of_source("web", is_raised=True)
    yield said.webhook_disabled("6f1c7d0e", "crm.example", is_gone=False)
