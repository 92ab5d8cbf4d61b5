"""Tokens of machines over HTTP: shown once, never more than their maker has, revoked for good."""

import hashlib
from datetime import datetime, timedelta

import pytest

from api.app import build_app
from tests.api.events import page_view
from tests.api.house import House
from tests.api.resources import metric
from tests.api.serving import read_log, serving, settings, wait_for
from tests.services import KafkaBroker

pytestmark = pytest.mark.stack


def test_a_secret_is_shown_once_and_stored_as_a_hash(house: House) -> None:
    made = house.client.post("/v1/tokens", json={"name": "Web shop", "scopes": ["events:write"]})
    listed = house.client.get("/v1/tokens")

    secret, token = made.json()["secret"], made.json()["token"]
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert secret.startswith("rtk_")
    assert len(secret) == len("rtk_") + 43  # 256 bits in base64
    assert listed.json() == {"tokens": [token], "next": None}
    assert secret not in listed.text
    assert house.sql("SELECT hash FROM tokens") == [(hashlib.sha256(secret.encode()).digest(),)]
    lifetime = datetime.fromisoformat(token["expires_at"]) - datetime.fromisoformat(
        token["created_at"]
    )
    assert lifetime == timedelta(days=90)


def test_the_use_of_a_token_is_noted(house: House) -> None:
    with house.machine("registry:read") as machine:
        machine.get("/v1/metrics").raise_for_status()
    (token,) = house.client.get("/v1/tokens").json()["tokens"]

    assert token["last_used_at"] >= token["created_at"]


def test_nobody_gives_a_token_more_than_they_have(house: House) -> None:
    with house.signed_in("eng", "engineer") as eng:
        own = eng.send("POST", "/v1/tokens", json={"name": "Shop", "scopes": ["events:write"]})
        more = [
            eng.send("POST", "/v1/tokens", json={"name": "Shop", "scopes": ["events:write", scope]})
            for scope in ("registry:write", "people:write", "admin")
        ]

    assert (own.status_code, own.json()["token"]["created_by"]) == (201, house.ids["eng"])
    assert [answer.status_code for answer in more] == [403, 403, 403]
    assert [answer.json()["field"] for answer in more] == ["scopes"] * 3
    assert len(house.client.get("/v1/tokens").json()["tokens"]) == 1


def test_a_machine_that_may_make_tokens_gives_no_more_than_it_has_either(house: House) -> None:
    with house.machine("tokens:write", "events:write") as machine:
        own = machine.post("/v1/tokens", json={"name": "Shop", "scopes": ["events:write"]})
        more = machine.post("/v1/tokens", json={"name": "Shop", "scopes": ["admin"]})

    assert (own.status_code, more.status_code) == (201, 403)
    assert own.json()["token"]["created_by"] == house.ids["machine"]


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["events:write", "events:write"]}, "body"),
        ({"scopes": ["reviews:write"]}, "body"),
        ({"scopes": ["everything"]}, "scopes.0"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"name": ""}, "name"),
        ({"secret": "rtk_of_my_own"}, "secret"),
    ],
)
def test_a_token_that_breaks_a_rule_is_refused(
    house: House, draft: dict[str, object], field: str
) -> None:
    good = {"name": "Web shop", "scopes": ["events:write"]}

    answer = house.client.post("/v1/tokens", json=good | draft)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_token_is_revoked_for_good(house: House) -> None:
    with house.machine("registry:write") as machine:
        machine.post("/v1/metrics", json=metric()).raise_for_status()
        path = f"/v1/tokens/{house.ids['machine']}"
        first, again = house.client.delete(path), house.client.delete(path)
        refused = machine.get("/v1/session")
    unknown = house.client.delete("/v1/tokens/t-0123456789abcdef")

    assert first.json()["revoked_at"] is not None
    assert again.json() == first.json()
    assert (refused.status_code, unknown.status_code) == (401, 404)


def test_a_source_sends_events_with_a_token_that_opens_nothing_else(
    kafka_broker: KafkaBroker, database: str
) -> None:
    topic = kafka_broker.create_topic("events")
    app = build_app(settings(kafka=kafka_broker.address, database=database), events_topic=topic)
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        wait_for(lambda: not app.state.services.log.is_stalled)
        with House(app, client, database).machine("events:write") as source:
            taken = source.post("/v1/events", json=page_view("e1"))
            read = source.get("/v1/metrics")

    assert (taken.status_code, read.status_code) == (202, 403)
    assert len(read_log(kafka_broker.address, topic)) == 1
