"""A webhook is sent what its owner may see, judged again at every try."""

from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from api import webhook_delivery, webhook_retries
from schemas.insight_sentences import Pair, experiment_started, status_changed
from schemas.insights import decode_insight
from tests.api.house import House
from tests.api.receiver import Receiver, answering, receiver
from tests.api.webhook_owing import Owing

pytestmark = pytest.mark.stack


@pytest.fixture
def owing(database: str, monkeypatch: pytest.MonkeyPatch) -> Owing:
    """A database, and tries that follow each other at once."""
    monkeypatch.setattr(webhook_retries, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(webhook_delivery, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(webhook_delivery, "LEASE", timedelta(seconds=2))
    return Owing(database)


def subjects(there: Receiver) -> set[str]:
    return {
        decode_insight(one.body).data.subject.removeprefix("experiment/") for one in there.received
    }


def is_settled(owing: Owing) -> bool:
    return "waiting" not in owing.states()


def test_each_owner_is_sent_what_they_may_see(owing: Owing) -> None:
    for policy in ("open", "shared", "workshop"):
        owing.experiment(policy, policy=policy, team="growth")
    owing.do("INSERT INTO teams VALUES ('growth', 'Growth', 'marketing', now())")
    marketer = owing.person("ada", "marketer", "engineer", teams=["growth"])
    seller = owing.person("ben", "seller", "engineer")
    with (
        receiver() as of_deployment,
        receiver() as of_marketer,
        receiver() as of_seller,
        receiver() as of_steward,
        receiver() as of_machine,
    ):
        owing.webhook(of_deployment.url)
        owing.webhook(of_marketer.url, owner=marketer)
        owing.webhook(of_seller.url, owner=seller)
        owing.webhook(of_steward.url, owner=owing.person("cleo", "steward"))
        owing.webhook(of_machine.url, owner=owing.token("webhooks:write"))
        owing.happen(*(experiment_started(key, key) for key in ("open", "shared", "workshop")))
        owing.deliver_until(lambda: is_settled(owing))

    everything = {"open", "shared", "workshop"}
    assert subjects(of_deployment) == everything
    assert subjects(of_marketer) == everything
    assert subjects(of_seller) == everything  # of a workshop, the headline
    assert subjects(of_steward) == {"open"}
    assert subjects(of_machine) == {"open"}
    assert sorted(owing.states()) == ["delivered"] * 11 + ["withheld"] * 4
    assert owing.outcomes().count("withheld") == 4


def test_what_a_policy_hides_between_two_tries_is_not_sent_again(owing: Owing) -> None:
    def hide(handler: BaseHTTPRequestHandler) -> None:
        owing.do("UPDATE experiments SET body = jsonb_set(body, '{policy}', '\"shared\"')")
        answering(500)(handler)

    owing.experiment("spring", policy="open")
    with receiver(hide) as there:
        hook = owing.webhook(there.url, owner=owing.person("cleo", "steward"))
        owing.happen(experiment_started("spring", "Spring"))
        owing.deliver_until(lambda: is_settled(owing))

    assert len(there.received) == 1
    assert owing.outcomes() == ["refused", "withheld"]
    assert owing.rows(f"SELECT is_active FROM webhooks WHERE id = '{hook}'") == [(True,)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE people SET is_active = false", "owner_gone"),
        ("UPDATE people SET roles = '{leader}'", "owner_may_not"),
    ],
)
def test_an_owner_who_may_not_any_more_is_sent_nothing_and_the_webhook_says_why(
    owing: Owing, change: str, reason: str
) -> None:
    owing.experiment("spring", policy="open")
    with receiver() as there:
        owing.webhook(there.url, owner=owing.person("cleo", "steward"))
        owing.happen(experiment_started("spring", "Spring"), experiment_started("spring", "Spring"))
        owing.do(change)
        owing.deliver_until(lambda: is_settled(owing))

    assert there.received == []
    assert owing.states() == ["dead", "dead"]
    assert set(owing.outcomes()) == {reason}
    assert owing.rows("SELECT is_active, disabled_reason FROM webhooks") == [(False, reason)]
    assert owing.insights("insight.webhook_disabled") == []


def test_a_token_out_of_force_is_sent_nothing(owing: Owing) -> None:
    owing.experiment("spring", policy="open")
    with receiver() as there:
        owing.webhook(there.url, owner=owing.token("webhooks:write"))
        owing.happen(experiment_started("spring", "Spring"))
        owing.do("UPDATE tokens SET revoked_at = now()")
        owing.deliver_until(lambda: is_settled(owing))

    assert there.received == []
    assert owing.rows("SELECT disabled_reason FROM webhooks") == [("owner_gone",)]


def test_a_status_comes_with_the_warning_that_stands_beside_it_in_the_results(
    owing: Owing,
) -> None:
    owing.experiment("spring", policy="open")
    names = Pair("spring", "guide-downloads", "plain", "question")
    with receiver() as there:
        owing.webhook(there.url, owner=owing.person("cleo", "steward"))
        owing.happen(status_changed(names, names, previous="collecting", status="better"))
        owing.deliver_until(lambda: is_settled(owing))

    data: Any = decode_insight(there.received[0].body).data
    assert data.interpretation == "not_yet_interpreted"
    assert "do not draw conclusions" in data.interpretation_sentence.en


def test_webhooks_and_their_log_are_shown_to_their_owner_and_to_stewards(house: House) -> None:
    owing = Owing(house.database)
    owing.experiment("open", policy="open")
    owing.experiment("shared", policy="shared")
    with house.signed_in("eve", "engineer") as eve, house.signed_in("cleo", "steward") as cleo:
        with house.signed_in("max", "engineer") as other:
            hook = owing.webhook("https://127.0.0.1:1/", owner=house.ids["eve"])
            owing.webhook("https://127.0.0.1:1/")
            owing.happen(experiment_started("open", "Open"), experiment_started("shared", "x"))
            place = f"/v1/webhooks/{hook}"
            listed = [
                len(browser.get("/v1/webhooks").json()["webhooks"])
                for browser in (eve, other, cleo)
            ]
            strangers = [
                other.get(place),
                other.get(f"{place}/deliveries"),
                other.send("PATCH", place, json={"active": False}),
                other.send("POST", f"{place}/secrets", json={}),
                other.send("POST", f"{place}/redeliveries", json={}),
                other.send("DELETE", place),
            ]
            log = eve.get(f"{place}/deliveries").json()["deliveries"]
            rotated = cleo.send("POST", f"{place}/secrets", json={})
        everything = house.client.get(f"{place}/deliveries").json()["deliveries"]

    assert listed == [1, 0, 2]
    assert {answer.status_code for answer in strangers} == {404}
    assert [one["subject"] for one in log] == ["experiment/open"]
    assert len(everything) == 2
    assert rotated.status_code == 201
