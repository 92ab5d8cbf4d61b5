"""When deals close, over HTTP: followed from exposure, compared once all windows have passed."""

from typing import Any

import pytest

from schemas.events import Event
from tests.api.company import DAY_US, MARCH_2026_US, Company, history
from tests.api.conftest import Registry
from tests.api.house import House
from tests.api.resources import metric

pytestmark = pytest.mark.stack

WON_VALUE = metric(
    "won-value",
    name="Won value",
    kind="latest_deal_value",
    measure={"filter": {"types": ["deal.*"]}},
    window="P60D",
)


@pytest.fixture
def company(registry: Registry) -> Company:
    """A company that follows the value of won deals."""
    company = Company(registry.client, registry.database)
    registry.client.post("/v1/metrics", json=WON_VALUE).raise_for_status()
    return company


def deal(number: int, verdict: str, *, day: float) -> Event:
    """The account's deal is won or lost so many days after its exposure."""
    return Event(
        source="crm",
        id=f"deal-{number}-{verdict}",
        type=f"deal.{verdict}",
        time_us=MARCH_2026_US + int(day * DAY_US),
        account=f"account-{number}.example",
        deal=f"deal-{number}",
        amount=100_00,
        currency="EUR",
        data={"reason": "price"} if verdict == "lost" else {},
    )


def run(company: Company, **changes: Any) -> None:
    """Twenty accounts in each variant; 8 and 14 won on day 10, 4 lost on day 20 in either."""
    company.start(metrics=[{"metric": "won-value"}], **changes)
    company.deliver(history(20, {"plain": 0, "question": 0}))
    won = [*range(8), *range(20, 34)]
    lost = [*range(8, 12), *range(34, 38)]
    company.deliver([deal(n, "won", day=9.5) for n in won])
    company.deliver([deal(n, "lost", day=20) for n in lost])


def deals(company: Company, **query: str) -> Any:
    asked = {"metric": "won-value", **query}
    return company.client.get("/v1/experiments/spring-mail/deals", params=asked)


def test_every_unit_is_followed_and_counted_as_it_stands(company: Company) -> None:
    run(company)

    plain, question = deals(company).json()["arms"]

    assert [plain[name] for name in ("units", "won", "lost", "open")] == [20, 8, 4, 8]
    assert [question[name] for name in ("units", "won", "lost", "open")] == [20, 14, 4, 2]
    assert [(s["time"], s["won"], s["lost"]) for s in plain["shares"]] == [
        (10, pytest.approx(0.4), 0.0),
        (20, pytest.approx(0.4), pytest.approx(0.2)),
    ]


def test_while_intake_runs_nothing_is_compared(company: Company) -> None:
    run(company)

    (pair,) = deals(company).json()["pairs"]

    assert (pair["reason"], pair["won"]) == ("before_registered_end", None)
    assert "favour whatever closes deals sooner" in pair["sentence"]


def test_once_all_windows_passed_the_variants_are_compared_within_the_window(
    company: Company,
) -> None:
    run(company, ends_at="2026-03-02T00:00:00Z")

    (pair,) = deals(company, language="de").json()["pairs"]

    assert pair["horizon_days"] == 60
    assert pair["won"]["estimate"] == pytest.approx(0.3)
    # Days without a closed deal: won on 9.5, lost on 20, else all 60.
    plain = (8 * 9.5 + 4 * 20 + 8 * 60) / 20
    question = (14 * 9.5 + 4 * 20 + 2 * 60) / 20
    assert pair["days_open"]["estimate"] == pytest.approx(question - plain)
    assert pair["pace"]["p_value"] < 0.05
    assert "Binnen 60 Tagen" in pair["sentence"]


@pytest.mark.parametrize(
    ("asked", "rule"), [("no-such", "unknown_metric"), ("guide-downloads", "no_deals")]
)
def test_a_metric_that_follows_no_deals_is_refused(company: Company, asked: str, rule: str) -> None:
    company.start(metrics=[{"metric": "won-value"}, {"metric": "guide-downloads"}])

    answer = deals(company, metric=asked)

    assert answer.status_code == 422
    assert (answer.json()["field"], answer.json()["rule"]) == ("metric", rule)


def test_people_see_deals_once_every_window_has_passed(house: House) -> None:
    company = Company(house.client, house.database)
    house.client.post("/v1/metrics", json=WON_VALUE).raise_for_status()
    with house.signed_in("ada", "marketer") as ada:
        run(company)
        live = ada.get("/v1/experiments/spring-mail/deals", params={"metric": "won-value"})

    assert (live.status_code, live.json()["rule"]) == (409, "windows_open")


def test_people_see_deals_of_an_experiment_that_is_over(house: House) -> None:
    company = Company(house.client, house.database)
    house.client.post("/v1/metrics", json=WON_VALUE).raise_for_status()
    with house.signed_in("ada", "marketer") as ada:
        run(company, ends_at="2026-03-02T00:00:00Z")
        answer = ada.get("/v1/experiments/spring-mail/deals", params={"metric": "won-value"})

    assert answer.status_code == 200
    assert answer.json()["pairs"][0]["won"]["estimate"] == pytest.approx(0.3)
