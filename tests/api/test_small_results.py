"""A small experiment over HTTP: read unit by unit, watched exactly or once at its end."""

from typing import Any

import pytest
from scipy import stats

from schemas.events import Event
from tests.api.company import DAY_US, MARCH_2026_US, Company, history
from tests.api.conftest import Registry
from tests.api.resources import metric

pytestmark = pytest.mark.stack


@pytest.fixture
def company(registry: Registry) -> Company:
    """A company with an API and a database."""
    return Company(registry.client, registry.database)


def only_pair(company: Company) -> dict[str, Any]:
    (read,) = company.results().json()["metrics"]
    (pair,) = read["pairs"]
    return pair


def test_a_share_of_few_accounts_is_watched_by_the_exact_test(company: Company) -> None:
    company.start(planned_units=40)
    company.deliver(history(12, {"plain": 1, "question": 12}))

    pair = only_pair(company)

    assert (pair["status"], pair["deciding"]) == ("better", "always_valid")
    assert pair["always_valid"]["method"] == "safe_test_2x2"
    assert pair["estimate"] == pytest.approx(11 / 12)
    assert (pair["fixed"], pair["one_look"]) == (None, None)


def test_the_exact_one_look_test_joins_it_at_the_registered_end(company: Company) -> None:
    company.start(planned_units=24)
    company.deliver(history(12, {"plain": 4, "question": 9}))

    pair = only_pair(company)

    exact = stats.boschloo_exact([[9, 4], [3, 8]], alternative="two-sided")
    assert pair["deciding"] == "always_valid"
    assert pair["one_look"]["method"] == "boschloo_exact"
    assert pair["one_look"]["p_value"] >= exact.pvalue * (1 - 1e-6)


def score(number: int, points: int) -> Event:
    """The account reaches so many points."""
    return Event(
        source="web",
        id=f"score-{number}",
        type="engagement.content.downloaded",
        time_us=MARCH_2026_US + DAY_US,
        account=f"account-{number}.example",
        data={"points": points},
    )


def test_a_mean_of_few_accounts_waits_for_the_registered_end(company: Company) -> None:
    points = metric(
        kind="sum",
        measure={
            "filter": {"types": ["engagement.content.downloaded"]},
            "value": "data.points",
        },
    )
    company.client.post("/v1/metrics", json=points).raise_for_status()
    company.start_registered(planned_units=20)
    low, high = [3, 5, 4, 6, 5, 4, 3, 6, 5], [9, 12, 11, 10, 13, 9, 12, 11, 10]
    company.deliver(history(9, {"plain": 0, "question": 0}))
    company.deliver([score(n, value) for n, value in enumerate([*low, *high])])

    waiting = only_pair(company)
    # Two more accounts, one in either arm: as many as were planned.
    company.deliver([e for e in history(30, {"plain": 0, "question": 0}) if is_number(e, {20, 50})])
    company.deliver([score(20, 4), score(50, 11)])
    read = only_pair(company)

    assert (waiting["status"], waiting["reason"]) == ("collecting", "before_registered_end")
    assert (read["status"], read["deciding"]) == ("better", "one_look")
    assert read["one_look"]["method"] == "studentised_randomisation"
    assert read["estimate"] == pytest.approx(sum([*high, 11]) / 10 - sum([*low, 4]) / 10)


def is_number(event: Event, numbers: set[int]) -> bool:
    return any(event.id.startswith(f"exposure-{number}-") for number in numbers)


def test_a_guardrail_is_held_against_its_registered_margin(company: Company) -> None:
    uses = [{"metric": "guide-downloads"}, {"metric": "opt-outs", "role": "guardrail"}]
    opt_outs = metric(
        "opt-outs",
        name="Opt-outs",
        direction="decrease",
        measure={"filter": {"types": ["engagement.content.downloaded"]}},
    )
    company.client.post("/v1/metrics", json=opt_outs).raise_for_status()
    company.start(metrics=[uses[0], {**uses[1], "margin": "0.6"}])
    company.deliver(history(60, {"plain": 20, "question": 25}))

    guardrail = company.results().json()["metrics"][1]["pairs"][0]
    in_german = company.results(language="de").json()["metrics"][1]["pairs"][0]

    assert guardrail["status"] == "safe"
    assert "by more than the registered margin of 60 percentage points" in guardrail["sentence"]
    assert "der eingetragene Spielraum von 60 Prozentpunkte" in in_german["sentence"]
