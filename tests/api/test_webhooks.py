"""Webhooks over HTTP: registered by people, refused where they could harm, sent again by hand."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from api import webhook_delivery, webhook_retries
from api.app import build_app
from tests.api.conftest import Registry
from tests.api.receiver import Received, answering, receiver
from tests.api.serving import serving, settings, wait_for
from tests.api.webhook_owing import Owing

pytestmark = pytest.mark.stack


@pytest.fixture
def inside(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """An API that may send to its own machine, and tries again at once."""
    monkeypatch.setattr(webhook_retries, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(webhook_delivery, "IDLE_SECONDS", 0.05)
    app = build_app(settings(database=database, are_webhooks_private=True))
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        yield Registry(client, database)


def registered(api: Registry, url: str, **fields: Any) -> dict[str, Any]:
    answer = api.client.post("/v1/webhooks", json={"url": url, **fields})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/webhooks/{answer.json()['id']}"
    found: dict[str, Any] = answer.json()
    return found


def deliveries(api: Registry, hook: dict[str, Any], **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.client.get(
        f"/v1/webhooks/{hook['id']}/deliveries", params=query
    ).json()
    return found


def signature(secret: str, one: Received) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_a_secret_is_shown_once_and_signs_what_is_sent(inside: Registry) -> None:
    with receiver() as there:
        hook = registered(inside, there.url, note="the CRM")
        Owing(inside.database).start()
        wait_for(lambda: len(there.received) == 1)

    listed = inside.client.get("/v1/webhooks").json()["webhooks"]
    assert there.received[0].headers["webhook-signature"] == signature(
        hook["secret"], there.received[0]
    )
    assert [one["note"] for one in listed] == ["the CRM"]
    assert "secret" not in listed[0]
    assert "secret" not in inside.client.get(f"/v1/webhooks/{hook['id']}").json()


def test_after_a_rotation_both_secrets_sign_until_the_old_one_ends(inside: Registry) -> None:
    with receiver() as there:
        hook = registered(inside, there.url)
        rotate = f"/v1/webhooks/{hook['id']}/secrets"
        second = inside.client.post(rotate, json={"overlap_hours": 1}).json()["secret"]
        Owing(inside.database).start()
        wait_for(lambda: len(there.received) == 1)
        third = inside.client.post(rotate, json={"overlap_hours": 0}).json()["secret"]
        Owing(inside.database).start()
        wait_for(lambda: len(there.received) == 2)

    during, after = there.received
    assert during.headers["webhook-signature"].split(" ") == [
        signature(second, during),
        signature(hook["secret"], during),
    ]
    assert after.headers["webhook-signature"] == signature(third, after)


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({"url": "ftp://crm.example/"}, "url", "value_error"),
        ({"url": "https://user:word@crm/"}, "url", "value_error"),
        ({"url": "https://crm.example/#part"}, "url", "value_error"),
        ({"url": "https://crm.example:99999/"}, "url", "value_error"),
        ({"url": "crm.example"}, "url", "value_error"),
        ({"url": "http://8.8.8.8/"}, "url", "not_https"),
        ({"url": "https://127.0.0.1/"}, "url", "private_address"),
        ({"url": "https://[::1]/"}, "url", "private_address"),
        ({"url": "https://169.254.169.254/latest/"}, "url", "private_address"),
        ({"url": "https://localhost/"}, "url", "private_address"),
        ({"url": "https://nobody.invalid/"}, "url", "unknown_host"),
        ({"url": "https://8.8.8.8/", "kinds": ["insight.unheard"]}, "kinds.0", "value_error"),
        ({"url": "https://8.8.8.8/", "secret": "mine"}, "secret", "extra_forbidden"),
    ],
)
def test_a_webhook_that_breaks_a_rule_is_refused_by_field(
    registry: Registry, fields: dict[str, Any], field: str, rule: str
) -> None:
    answer = registry.client.post("/v1/webhooks", json=fields)

    assert answer.status_code == 422
    assert (answer.json()["field"], answer.json()["rule"]) == (field, rule)
    assert registry.client.get("/v1/webhooks").json() == {"webhooks": []}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("PATCH", ""),
        ("POST", "/secrets"),
        ("GET", "/deliveries"),
        ("POST", "/redeliveries"),
    ],
)
def test_a_webhook_that_nobody_knows_is_not_found(
    registry: Registry, method: str, path: str
) -> None:
    body = {} if method in {"POST", "PATCH"} else None

    answer = registry.client.request(method, f"/v1/webhooks/{uuid4()}{path}", json=body)

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:roundtable:problem:not-found"


def test_what_was_sent_stands_in_the_log_with_every_try(inside: Registry) -> None:
    with receiver(answering(500)) as there:
        hook = registered(inside, there.url)
        (insight,) = Owing(inside.database).start()
        wait_for(lambda: len(there.received) >= 2)
        there.behave = answering(200)
        wait_for(lambda: deliveries(inside, hook, state="delivered")["deliveries"] != [])

    (one,) = deliveries(inside, hook)["deliveries"]
    assert (one["insight"], one["kind"]) == (insight, "insight.experiment_started")
    assert one["subject"] == "experiment/experiment-0"
    assert one["next_attempt_at"] is None
    assert one["attempts"] == len(one["log"]) == len(there.received)
    assert (one["log"][0]["outcome"], one["log"][0]["status_code"]) == ("refused", 500)
    assert (one["log"][-1]["outcome"], one["log"][-1]["status_code"]) == ("delivered", 200)
    assert deliveries(inside, hook, state="dead")["deliveries"] == []


def test_the_log_comes_in_pages_the_newest_first(inside: Registry) -> None:
    with receiver() as there:
        hook = registered(inside, there.url)
        Owing(inside.database).start(5)
        wait_for(lambda: len(there.received) == 5)

    pages, before = [], {}
    while before is not None:
        page = deliveries(inside, hook, limit=2, **before)
        pages.append([one["id"] for one in page["deliveries"]])
        before = None if page["next"] is None else {"before": page["next"]}

    assert [len(page) for page in pages] == [2, 2, 1]
    ids = [number for page in pages for number in page]
    assert ids == sorted(ids, reverse=True)


def test_dead_deliveries_are_sent_again_by_hand_under_their_ids(inside: Registry) -> None:
    with receiver(answering(410)) as there:
        hook = registered(inside, there.url)
        insights = Owing(inside.database).start(2)
        wait_for(lambda: Owing(inside.database).states() == ["dead", "dead"])
        again = f"/v1/webhooks/{hook['id']}/redeliveries"

        off = inside.client.post(again, json={})
        there.behave = answering(200)
        there.received.clear()
        inside.client.patch(f"/v1/webhooks/{hook['id']}", json={"active": True})
        number = deliveries(inside, hook)["deliveries"][0]["id"]
        one = inside.client.post(again, json={"deliveries": [number]})
        wait_for(lambda: len(there.received) == 1)
        rest = inside.client.post(again, json={})
        wait_for(lambda: len(there.received) == 2)

    assert (off.status_code, off.json()["type"]) == (409, "urn:roundtable:problem:conflict")
    assert (one.status_code, one.json(), rest.json()) == (
        202,
        {"redelivered": 1},
        {"redelivered": 1},
    )
    assert there.ids == insights[::-1]


def test_a_webhook_can_be_narrowed_and_switched_off(inside: Registry) -> None:
    with receiver() as there:
        hook = registered(inside, there.url)
        place = f"/v1/webhooks/{hook['id']}"
        narrowed = inside.client.patch(place, json={"kinds": ["insight.alarm"]}).json()
        Owing(inside.database).start()
        off = inside.client.patch(place, json={"active": False}).json()

    assert (narrowed["kinds"], narrowed["active"]) == (["insight.alarm"], True)
    assert (off["kinds"], off["active"], off["disabled_reason"]) == (
        ["insight.alarm"],
        False,
        "by_hand",
    )
    assert Owing(inside.database).states() == []


def test_a_deleted_webhook_leaves_no_secret(inside: Registry) -> None:
    hook = registered(inside, "https://127.0.0.1:1/")

    answer = inside.client.delete(f"/v1/webhooks/{hook['id']}")

    with psycopg.connect(inside.database) as connection:
        left = connection.execute("SELECT count(*) FROM webhook_secrets").fetchone()
    assert (answer.status_code, left) == (204, (0,))


def test_secrets_are_sealed_where_the_api_has_a_key(database: str) -> None:
    app = build_app(
        settings(database=database, are_webhooks_private=True, webhook_keys=("a-key-of-the-tests",))
    )
    with serving(app) as client, receiver() as there:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        hook = registered(Registry(client, database), there.url)
        Owing(database).start()
        wait_for(lambda: len(there.received) == 1)

    (stored,) = Owing(database).rows("SELECT is_sealed, secret FROM webhook_secrets")
    plain = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    assert stored[0] is True
    assert plain not in stored[1]
    assert there.received[0].headers["webhook-signature"] == signature(
        hook["secret"], there.received[0]
    )


def test_webhooks_are_for_those_who_may_write_them(registry: Registry) -> None:
    unknown = httpx.get(f"{registry.client.base_url}/v1/webhooks", headers={}, trust_env=False)

    assert unknown.status_code == 401
