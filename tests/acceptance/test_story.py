"""The whole story over HTTP: registered by one side, watched by both, read jointly, found again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.acceptance.conftest import RunningHere
from tests.api.house import Browser, person

pytestmark = pytest.mark.timeout(240)

KEY = "/v1/experiments/story-cadence"
STARTED = datetime(2026, 9, 1, tzinfo=UTC)
UNITS = 60
BOOKED = {"calls": 42, "mails": 12}
LEARNING = "Zwei Anrufe nach dem Webinar bringen mehr Termine als zwei E-Mails."


@contextmanager
def signed_in(operator: httpx.Client, name: str, *roles: str) -> Iterator[tuple[str, Browser]]:
    """Add somebody and let them choose their password; yields their id and browser."""
    added = operator.post("/v1/people", json=person(name, *roles))
    assert added.status_code == 201, added.text
    with httpx.Client(base_url=operator.base_url, timeout=30, trust_env=False) as client:
        browser = Browser(client)
        invitation = added.json()["invitation"]["invitation"]
        assert browser.accept(invitation).status_code == 200
        yield added.json()["person"]["id"], browser


def event(kind: str, number: int, *, hours: int, **more: Any) -> dict[str, Any]:
    """A CloudEvent about one account."""
    at = STARTED + timedelta(hours=hours)
    return {
        "specversion": "1.0",
        "id": f"story-{kind}-{number}",
        "source": "https://story.example",
        "type": kind,
        "time": at.isoformat(),
        "account": f"story-{number}.example",
        **more,
    }


def exposure(number: int, variant: str) -> dict[str, Any]:
    data = {"experiment": "story-cadence", "variant": variant}
    return event("experiment.exposure", number, hours=number % 48, data=data)


def wait_until(done: Any, seconds: float = 60) -> None:
    """Wait for something that a worker does in its own time."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "did not come about in time"
        time.sleep(0.3)


def units_seen(operator: httpx.Client) -> dict[str, Any]:
    found = operator.get(f"{KEY}/results").json()
    return {arm["variant"]: arm["moments"] for arm in found["metrics"][0]["arms"]}


def test_from_a_question_to_a_learning_that_others_find(running: RunningHere) -> None:
    with ExitStack() as stack:
        operator = stack.enter_context(
            httpx.Client(
                base_url=running.url,
                headers={"Authorization": f"Bearer {running.token}"},
                timeout=30,
                trust_env=False,
            )
        )
        marketer_id, marketer = stack.enter_context(signed_in(operator, "mia", "marketer"))
        seller_id, seller = stack.enter_context(signed_in(operator, "sam", "seller"))
        _, engineer = stack.enter_context(signed_in(operator, "eve", "engineer"))

        register(marketer, marketer_id, seller_id)
        deliver(operator)

        watch(operator, marketer, seller, engineer)
        review(marketer, seller)
        look_back(marketer, seller, engineer, marketer_id)


def register(marketer: Browser, marketer_id: str, seller_id: str) -> None:
    """A marketer writes the question down with a seller as interpreter of the other side."""
    metric = {
        "key": "story-meetings",
        "name": "Meetings",
        "meaning": "Sales accepted a lead of the account within two weeks",
        "owner": "sales",
        "kind": "conversion",
        "measure": {"filter": {"types": ["lead.accepted"]}},
        "window": "P14D",
    }
    assert marketer.send("POST", "/v1/metrics", json=metric).status_code == 201
    draft = {
        "key": "story-cadence",
        "name": "Nachfassen nach dem Webinar",
        "hypothesis": "Two calls after a webinar bring more meetings than two mails",
        "owner": "marketing",
        "policy": "workshop",
        "variants": [{"key": "mails", "control": True}, {"key": "calls"}],
        "metrics": [{"metric": "story-meetings"}],
        "interpreters": {"marketing": [marketer_id], "sales": [seller_id]},
        "starts_at": STARTED.isoformat(),
        "ends_at": (STARTED + timedelta(days=14)).isoformat(),
        "planned_units": 2 * UNITS,
    }
    assert marketer.send("POST", "/v1/experiments", json=draft).status_code == 201
    assert marketer.send("POST", f"{KEY}/start").status_code == 200


def deliver(operator: httpx.Client) -> None:
    """A machine with a token for events alone sends what happened."""
    made = operator.post("/v1/tokens", json={"name": "Webinar tool", "scopes": ["events:write"]})
    headers = {
        "Authorization": f"Bearer {made.json()['secret']}",
        "Content-Type": "application/cloudevents-batch+json",
    }
    variants = ("mails", "calls")
    events = [exposure(number, variants[number % 2]) for number in range(2 * UNITS)]
    booked = [
        number
        for place, variant in enumerate(variants)
        for number in range(place, 2 * UNITS, 2)[: BOOKED[variant]]
    ]
    events += [event("lead.accepted", number, hours=72, contact=f"c-{number}") for number in booked]
    sent = operator.post("/v1/events", json=events, headers=headers)
    assert sent.status_code == 202, sent.text
    assert sent.json()["accepted"] == len(events)
    refused = operator.get(f"{KEY}/results", headers={"Authorization": headers["Authorization"]})
    assert refused.status_code == 403


def pair_seen(browser: Browser) -> dict[str, Any]:
    found: dict[str, Any] = browser.get(f"{KEY}/results").json()["metrics"][0]["pairs"][0]
    return found


def watch(operator: httpx.Client, marketer: Browser, seller: Browser, engineer: Browser) -> None:
    """Both sides watch the same figures; the policy decides who sees how much of them."""
    wait_until(
        lambda: (
            {variant: found["sum_y"] for variant, found in units_seen(operator).items()}
            == {variant: str(count) for variant, count in BOOKED.items()}
        )
    )

    wait_until(lambda: pair_seen(marketer)["status"] == "better")

    owner, other = pair_seen(marketer), seller.get(f"{KEY}/results").json()

    # What people see moves in steps: a step may come before the last of the events.
    assert owner["estimate"] == pytest.approx(0.5, abs=0.2)
    assert owner["fixed"]["p_value"] < 1e-3
    assert "fixed" not in other["metrics"][0]["pairs"][0]
    assert other["metrics"][0]["pairs"][0]["status"] == "better"
    assert any("exact sums" in part["what"] for part in other["withheld"])
    assert engineer.get(f"{KEY}/results").status_code == 404


def review(marketer: Browser, seller: Browser) -> None:
    """Both sides read apart, then decide and sign."""
    deadline = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    opened = marketer.send("POST", f"{KEY}/reviews", json={"deadline": deadline})
    assert opened.status_code == 201, opened.text
    at = f"{KEY}/reviews/1"
    text = {"text": "Calls book far more meetings."}
    assert marketer.send("PUT", f"{at}/reading", json=text).status_code == 200
    (seen,) = seller.get(f"{KEY}/reviews").json()["reviews"]
    assert [reading["text"] for reading in seen["readings"]] == [None, None]
    text = {"text": "And the meetings are good ones."}
    assert seller.send("PUT", f"{at}/reading", json=text).status_code == 200
    proposal = {"decision": "adopt", "variant": "calls", "learning": LEARNING}
    assert seller.send("PUT", f"{at}/proposal", json=proposal).status_code == 200
    assert marketer.send("PUT", f"{at}/signature", json={}).status_code == 200
    concluded = seller.send("PUT", f"{at}/signature", json={}).json()
    assert concluded["is_joint"] is True


def look_back(marketer: Browser, seller: Browser, engineer: Browser, marketer_id: str) -> None:
    """Others find what was learned, and those concerned see who looked."""
    found = engineer.get("/v1/learnings", params={"q": "Termin Anruf"}).json()["learnings"]
    assert [entry["learning"] for entry in found] == [LEARNING]
    headline = engineer.get(f"{KEY}/results").json()
    assert headline["interpretation"] == "jointly_interpreted"
    accesses = marketer.get(f"{KEY}/accesses").json()["accesses"]
    readers = {entry["person"] for entry in accesses if entry["action"] == "read"}
    assert readers == {marketer_id}
    assert "@" not in marketer.get(f"{KEY}/results").text + seller.get("/v1/learnings").text
