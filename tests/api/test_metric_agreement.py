"""Metrics as contracts between both sides: examples, agreement, and a try on the past."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.app import build_app
from tests.api.conftest import Registry
from tests.api.house import House
from tests.api.past_events import past_event, store
from tests.api.resources import experiment, metric
from tests.api.serving import serving, settings, wait_for

pytestmark = pytest.mark.stack

DOWNLOAD = "engagement.content.downloaded"


@pytest.fixture
def strict(database: str) -> Iterator[httpx.Client]:
    """An API that registers only what both sides agreed to."""
    with serving(build_app(settings(database=database, is_agreement_required=True))) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        yield client


def agree(client: httpx.Client, side: str, version: int = 1) -> httpx.Response:
    address = f"/v1/metrics/guide-downloads/versions/{version}/agreements"
    return client.post(address, json={"side": side})


def test_a_version_is_in_force_once_both_sides_agreed_to_it(registry: Registry) -> None:
    proposed = registry.client.post("/v1/metrics", json=metric()).json()
    marketing = agree(registry.client, "marketing")
    sales = agree(registry.client, "sales")
    registry.client.post("/v1/metrics", json=metric(window="P30D"))

    assert (proposed["in_force"], proposed["agreements"]) == (False, [])
    assert (marketing.status_code, marketing.json()["in_force"]) == (201, False)
    assert sales.json()["in_force"] is True
    assert [a["side"] for a in sales.json()["agreements"]] == ["marketing", "sales"]
    versions = registry.client.get("/v1/metrics/guide-downloads").json()["versions"]
    assert [(m["version"], m["in_force"]) for m in versions] == [(2, False), (1, True)]


def test_a_side_agrees_once(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())

    first = agree(registry.client, "sales")
    again = agree(registry.client, "sales")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()


def test_a_side_is_bound_by_its_own_people_alone(house: House) -> None:
    house.client.post("/v1/metrics", json=metric())
    address = "/v1/metrics/guide-downloads/versions/1/agreements"
    side = {"json": {"side": "sales"}}

    with (
        house.signed_in("ada", "marketer") as marketer,
        house.signed_in("ben", "seller") as seller,
        house.signed_in("eve", "steward") as steward,
        house.machine("registry:write") as machine,
    ):
        others = [
            marketer.send("POST", address, **side),
            steward.send("POST", address, **side),
            machine.post(address, **side),
        ]
        own = seller.send("POST", address, **side)

    assert [answer.status_code for answer in others] == [403, 403, 403]
    assert own.status_code == 201
    assert own.json()["agreements"][0]["agreed_by"] == house.ids["ben"]


def withdraw(client: httpx.Client, side: str, version: int = 1) -> httpx.Response:
    address = f"/v1/metrics/guide-downloads/versions/{version}/withdrawals"
    return client.post(address, json={"side": side, "reason": "Two guides count as one."})


def test_an_agreement_that_is_taken_back_stays_visible_with_its_reason(house: House) -> None:
    address = "/v1/metrics/guide-downloads/versions/1"
    own, why = {"side": "sales"}, {"side": "sales", "reason": "Two guides count as one."}
    with house.signed_in("ada", "marketer") as marketer, house.signed_in("ben", "seller") as seller:
        proposed = marketer.send("POST", "/v1/metrics", json=metric()).json()
        seller.send("POST", f"{address}/agreements", json=own)
        by_the_other = marketer.send("POST", f"{address}/withdrawals", json=why)
        taken_back = seller.send("POST", f"{address}/withdrawals", json=why)
        again = seller.send("POST", f"{address}/agreements", json=own)

    assert proposed["proposed_by"] == house.ids["ada"]
    assert (by_the_other.status_code, taken_back.status_code, again.status_code) == (403, 201, 201)
    assert taken_back.json()["agreements"] == []
    assert [a["agreed_by"] for a in again.json()["agreements"]] == [house.ids["ben"]]
    (withdrawal,) = again.json()["withdrawals"]
    assert withdrawal["withdrawn_by"] == withdrawal["agreed_by"] == house.ids["ben"]
    assert withdrawal["reason"] == "Two guides count as one."
    assert withdrawal["agreed_at"] <= withdrawal["withdrawn_at"]


def test_a_version_in_force_is_not_taken_back_but_followed(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())
    agree(registry.client, "sales")
    never_given = withdraw(registry.client, "marketing")
    agree(registry.client, "marketing")

    refused = withdraw(registry.client, "sales")
    successor = registry.client.post("/v1/metrics", json=metric(window="P30D"))
    unknown = withdraw(registry.client, "sales", version=3)

    found = never_given.json()
    assert (never_given.status_code, found["field"], found["rule"]) == (409, "side", "not_agreed")
    found = refused.json()
    assert (refused.status_code, found["field"], found["rule"]) == (409, "version", "in_force")
    assert "no side takes it back alone" in found["detail"]
    assert (successor.status_code, unknown.status_code) == (201, 404)
    versions = registry.client.get("/v1/metrics/guide-downloads").json()["versions"]
    assert [(m["version"], m["in_force"]) for m in versions] == [(2, False), (1, True)]


@pytest.mark.parametrize(("version", "status"), [(2, 404), (0, 422), (10**30, 422)])
def test_nobody_agrees_to_a_version_that_is_not_there(
    registry: Registry, version: int, status: int
) -> None:
    registry.client.post("/v1/metrics", json=metric())

    assert agree(registry.client, "sales", version).status_code == status


def test_where_agreement_is_required_nothing_else_is_registered(strict: httpx.Client) -> None:
    strict.post("/v1/metrics", json=metric())
    strict.post("/v1/experiments", json=experiment())
    agree(strict, "marketing")

    refused = strict.post("/v1/experiments/spring-mail/register")
    started = strict.post("/v1/experiments/spring-mail/start")
    agree(strict, "sales")
    registered = strict.post("/v1/experiments/spring-mail/register")

    assert (refused.status_code, started.status_code) == (409, 409)
    assert "'guide-downloads' version 1 is not in force: sales did not" in refused.json()["detail"]
    assert (registered.status_code, registered.json()["status"]) == (200, "running")


def test_an_amendment_brings_in_no_version_that_is_not_in_force(strict: httpx.Client) -> None:
    strict.post("/v1/metrics", json=metric())
    strict.post("/v1/experiments", json=experiment())
    agree(strict, "marketing")
    agree(strict, "sales")
    strict.post("/v1/experiments/spring-mail/register")
    strict.post("/v1/metrics", json=metric(window="P30D"))

    def amended(changes: dict[str, Any]) -> httpx.Response:
        asked = {"reason": "Deals are slow.", "changes": changes}
        return strict.post("/v1/experiments/spring-mail/amendments", json=asked)

    newer = amended({"metrics": [{"metric": "guide-downloads", "version": 2}]})
    reworded = amended({"name": "Another"})

    assert (newer.status_code, reworded.status_code) == (409, 201)
    assert "version 2 is not in force" in newer.json()["detail"]


def test_a_metric_with_examples_that_are_what_it_says_is_taken(registry: Registry) -> None:
    examples = {
        "counted": [{"type": DOWNLOAD, "contact": "c-1", "data": {"title": "Guide"}}],
        "not_counted": [{"type": "engagement.content.viewed"}],
    }

    answer = registry.client.post("/v1/metrics", json=metric(examples=examples))

    assert answer.status_code == 201
    assert answer.json()["examples"] == examples


@pytest.mark.parametrize(
    ("examples", "field", "rule"),
    [
        ({"counted": [{"type": "lead.created"}]}, "examples.counted.0", "not_counted"),
        ({"not_counted": [{"type": DOWNLOAD}]}, "examples.not_counted.0", "counted"),
        ({"counted": [{"type": DOWNLOAD}, {"type": "lead.creatd"}]}, "examples.counted.1",
         "unknown_type"),
        ({"counted": [{"type": DOWNLOAD, "time": "yesterday"}]}, "examples.counted.0", "bad_time"),
        ({"counted": [{"account": "acme.example"}]}, "examples.counted.0", "missing"),
    ],
)  # fmt: skip
def test_an_example_that_is_something_else_is_named(
    registry: Registry, examples: dict[str, Any], field: str, rule: str
) -> None:
    answer = registry.client.post("/v1/metrics", json=metric(examples=examples))

    assert answer.status_code == 422, answer.text
    assert (answer.json()["field"], answer.json()["rule"]) == (field, rule)
    assert registry.client.get("/v1/metrics").json() == {"metrics": []}


def test_an_example_whose_number_cannot_be_read_is_named(registry: Registry) -> None:
    scores = {
        "kind": "sum",
        "measure": {"filter": {"types": ["lead.qualified"]}, "value": "data.score"},
    }
    examples = {"counted": [{"type": "lead.qualified", "data": {"grade": "A"}}]}

    answer = registry.client.post("/v1/metrics", json=metric(**scores, examples=examples))

    assert (answer.json()["field"], answer.json()["rule"]) == ("examples.counted.0", "no_number")


def tried(registry: Registry, **changes: Any) -> Any:
    answer = registry.client.post("/v1/metrics/dry-run", json=metric(**changes))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_dry_run_counts_the_last_thirty_days_by_account(registry: Registry) -> None:
    events = [
        past_event(f"account-{n}", DOWNLOAD, days_ago=n % 29 + 0.5)
        for n in range(60)
        for _ in range(1 + n % 3)
    ]
    ignored = [
        past_event("account-0", DOWNLOAD, days_ago=31),
        past_event("account-0", "lead.created"),
        past_event("contact:c-1", DOWNLOAD),
    ]
    store(registry.database, events + ignored)

    found = tried(registry)

    assert (found["events"], found["accounts"], found["withheld"]) == (120, 60, False)
    assert (found["one_account_in"], found["values"]) == (1, "events of an account")
    assert found["mean"] == 2.0
    # A third each have one, two and three downloads.
    quantiles = {"0.1": 1, "0.25": 1, "0.5": 2, "0.75": 3, "0.9": 3}
    assert found["quantiles"] == quantiles
    assert registry.client.get("/v1/metrics").json() == {"metrics": []}


def test_figures_that_few_accounts_stand_behind_are_withheld(registry: Registry) -> None:
    store(registry.database, [past_event(f"account-{n}", DOWNLOAD) for n in range(4)])
    few = tried(registry)
    store(registry.database, [past_event("account-4", DOWNLOAD)])

    five = tried(registry)

    assert (few["withheld"], few["accounts"], few["mean"]) == (True, None, None)
    assert set(few["quantiles"].values()) == {None}
    assert (five["withheld"], five["accounts"], five["mean"]) == (False, 5, 1.0)
    # The middle of five has two on a side: it would be one account's value.
    assert set(five["quantiles"].values()) == {None}


def test_a_dry_run_of_deals_takes_what_stands_as_won(registry: Registry) -> None:
    def deal(number: int, kind: str, amount: int | None, days_ago: float) -> dict[str, Any]:
        return past_event(
            f"account-{number}",
            f"deal.{kind}",
            days_ago=days_ago,
            deal=f"d-{number}",
            amount=amount,
            currency=amount and "EUR",
        )

    for number in range(10):
        won = [deal(number, "created", 100_000 * (number + 1), 20), deal(number, "won", None, 10)]
        lost = [deal(number, "lost", None, 5)] if number >= 8 else []
        store(registry.database, won + lost)

    found = tried(registry, kind="latest_deal_value", measure={"filter": {"types": ["deal.*"]}})

    # Eight deals of 1,000 to 8,000 euros stand as won, two were lost after all.
    assert (found["accounts"], found["mean"]) == (10, 3600.0)
    assert found["quantiles"]["0.5"] == 3000.0


def test_a_ratio_is_tried_with_numbers_that_cannot_be_read(registry: Registry) -> None:
    store(
        registry.database,
        [
            past_event(f"account-{n}", "lead.qualified", data={"score": score})
            for n, score in enumerate([10, 20, 30, 40, 50, "high"])
        ]
        + [past_event(f"account-{n}", "lead.created") for n in range(6) for _ in range(2)],
    )

    found = tried(
        registry,
        kind="ratio",
        measure={"filter": {"types": ["lead.qualified"]}, "value": "data.score"},
        denominator={"filter": {"types": ["lead.created"]}},
    )

    assert (found["events"], found["unreadable"]) == (18, 1)
    # (10 + 20 + 30 + 40 + 50 + 0) / 2 over six accounts
    assert (found["accounts"], found["mean"]) == (6, 12.5)


@pytest.mark.parametrize("field", ["account", "contact"])
def test_a_dry_run_about_one_account_is_refused(registry: Registry, field: str) -> None:
    where = [{"field": field, "op": "ne", "value": "acme.example"}]
    body = metric(measure={"filter": {"types": [DOWNLOAD], "where": where}})

    answer = registry.client.post("/v1/metrics/dry-run", json=body)

    assert (answer.status_code, answer.json()["rule"]) == (422, "single_account")
