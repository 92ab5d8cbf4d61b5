"""Event types of the house in a running stack: no restart, no wrong refusal, counted by metrics."""

import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.main import main
from cli.registering import register
from schemas.dead_letters import DeadLetter
from tests.acceptance.conftest import RunningHere
from tests.acceptance.test_worker import (
    event,
    experiment,
    exposure,
    letters,
    post,
    to_inbox,
    wait_until,
)
from tests.acceptance.watching import metric_of, results

pytestmark = pytest.mark.timeout(180)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def in_json(sent: dict[str, Any]) -> bytes:
    return json.dumps(sent).encode()


def trial(account: str, kind: str = "product.trial.started", **data: Any) -> dict[str, Any]:
    return event(kind, account=account, data=data)


def sum_of(running: RunningHere, key: str, metric: str) -> int:
    arms = metric_of(results(running, key), metric)["arms"]
    return sum(int(a["moments"]["sum_y"]) + int(a["moments_still_open"]["sum_y"]) for a in arms)


def letter_of(running: RunningHere, sent: dict[str, Any]) -> DeadLetter:
    raw = in_json(sent)
    return wait_until(lambda: next((found for found in letters(running) if found.raw == raw), None))


def test_a_type_registered_while_the_worker_runs_is_counted_from_both_doors(
    running: RunningHere,
) -> None:
    metrics = json.loads((EXAMPLES / "product_trial.metrics.json").read_text())
    uses = [{"metric": metric["key"]} for metric in metrics]
    trials = {**experiment("trials"), "metrics": uses}
    early = trial("early.example", plan="team")
    to_inbox(running, in_json(early))  # the worker meets the type before it is registered
    unregistered = letter_of(running, early)
    worker = running.stack.processes["worker"].pid
    address = ["--url", running.url, "--token", running.token]

    added = main(["event-types", "add", str(EXAMPLES / "product_trial.event_types.json"), *address])
    register(running.url, running.token, metrics, [trials])
    post(running, *(exposure("trials", f"account-{n}.example") for n in range(4)))
    post(running, trial("account-0.example", plan="team", seats=3))
    post(running, trial("account-1.example", plan="company"))  # the filter wants data.plan team
    to_inbox(running, in_json(trial("account-2.example", plan="team")))
    used = [
        trial("account-3.example", "product.feature.used", feature="f", minutes=m) for m in (7, 5)
    ]
    to_inbox(running, *[in_json(one) for one in used])

    assert added == 0
    assert (unregistered.field, unregistered.rule) == ("type", "unknown_type")
    assert wait_until(lambda: sum_of(running, "trials", "team-trials") == 2)
    assert wait_until(lambda: sum_of(running, "trials", "minutes-of-use") == 12)
    assert running.stack.processes["worker"].pid == worker


def test_the_worker_refuses_what_breaks_the_schema_by_field_and_takes_it_once_that_is_wider(
    running: RunningHere,
) -> None:
    kind = f"shop.order.placed_{uuid.uuid4().hex[:8]}"
    headers = {"authorization": f"Bearer {running.token}"}

    def register_type(limit: int) -> int:
        draft = {
            "type": kind,
            "meaning": "An order came in",
            "owner": "sales",
            "data_schema": {"properties": {"lines": {"type": "array", "maxItems": limit}}},
        }
        url = f"{running.url}/v1/event-types"
        return httpx.post(url, json=draft, headers=headers, trust_env=False).status_code

    registered = register_type(1)
    good, bad = trial("a.example", kind, lines=[1]), trial("a.example", kind, lines=[1, 2])
    to_inbox(running, in_json(good), in_json(bad))
    refused = letter_of(running, bad)
    widened = register_type(2)
    again, still_bad = (
        trial("a.example", kind, lines=[3, 4]),
        trial("a.example", kind, lines=[5] * 3),
    )
    to_inbox(running, in_json(again), in_json(still_bad))
    letter_of(running, still_bad)

    assert (registered, widened) == (201, 201)
    assert (refused.field, refused.rule, refused.detail) == (
        "data.lines",
        "schema",
        "breaks maxItems 1",
    )
    refused_raws = {found.raw for found in letters(running)}
    assert not refused_raws & {in_json(good), in_json(again)}
