"""What comes through the doors and should not, or comes twice; and doors that fall shut."""

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from msgspec import json

from cli.registering import RegistrationError, register
from schemas.catalog import EVENTS, INBOX
from tests.chaos.company import EXPERIMENTS, LATE, experiment
from tests.chaos.plan import Fault
from tests.chaos.scene import Scene
from tests.chaos.stack import API

GIVE_UP_SECONDS = 60.0
ALMOST_A_MEBIBYTE = 1_000_000


def poison(scene: Scene, fault: Fault) -> str:
    """Write bytes that are no event to both topics, in a batch of their own and among others."""
    marked = b" %d-%d" % (scene.company.seed, fault.number)
    values = [
        poisonous + marked + b"-%d" % number
        for number in range(40)
        for poisonous in (b"\xff\xfe", b"{", b'{"specversion":"1.0"}', b"null", b"\x00" * 100)
    ]
    for topic in (INBOX.name, EVENTS.name):
        _append(scene, topic, values)
        for value in values:
            scene.ledger.note_foreign(topic, value)
    return f"{len(values)} records in each topic"


def oversized(scene: Scene, fault: Fault) -> str:
    """Write records of almost a mebibyte to both topics, and post an event that is too large."""
    filling = b"x" * (ALMOST_A_MEBIBYTE - fault.choice % 200_000)
    value = filling + b" %d-%d" % (scene.company.seed, fault.number)
    for topic in (INBOX.name, EVENTS.name):
        _append(scene, topic, [value])
        scene.ledger.note_foreign(topic, value)
    too_large = {
        **scene.company.event(0),
        "id": f"large-{fault.number}",
        "data": {"x": "y" * 70_000},
    }
    status, _ = scene.gateway.ask(json.encode([too_large]))
    return f"{len(value)} bytes in each topic; the gateway answered {status}"


def burst(scene: Scene, fault: Fault) -> str:
    """Send a batch that is far larger than usual to the inbox."""
    numbers = scene.load.next_numbers(3_000 + fault.choice % 5_000)
    values = [scene.company.encoded(number) for number in numbers]
    _append(scene, INBOX.name, values)
    scene.ledger.accept("inbox", list(numbers))
    return f"{len(values)} events at once"


def time_travel(scene: Scene, fault: Fault) -> str:
    """Send events that happened long ago or will tomorrow, and some from too far ahead."""
    now = datetime.now(UTC)
    times = [
        now + timedelta(hours=20),
        datetime(1971, 1, 1, tzinfo=UTC),
        datetime(2009, 2, 3, tzinfo=UTC),
    ]
    taken = [_traveller(scene, fault, number, times[number % 3]) for number in range(60)]
    refused = [
        _traveller(scene, fault, number, now + timedelta(days=9)) for number in range(60, 70)
    ]
    for event in taken:
        scene.ledger.note_foreign("inbox", json.encode(event), event["id"])
    for event in refused:
        scene.ledger.note_foreign("inbox", json.encode(event))
    _append(scene, INBOX.name, [json.encode(event) for event in (*taken, *refused)])
    return f"{len(taken)} from other times, {len(refused)} from too far ahead"


def doubled(scene: Scene, fault: Fault) -> str:
    """Send what was accepted last once more, through both doors."""
    numbers = scene.ledger.latest()
    _append(scene, INBOX.name, [scene.company.encoded(number) for number in numbers])
    events = [scene.company.event(number) for number in numbers]
    _until_done(lambda: len(scene.gateway.take(events)) == len(events))
    return f"{len(numbers)} events, through each door"


def api_killed(scene: Scene, fault: Fault) -> str:
    """Kill the API while it holds a large request."""
    numbers = list(scene.load.next_numbers(1_000))
    events = [scene.company.event(number) for number in numbers]
    taken: list[int] = []
    asking = threading.Thread(target=lambda: taken.extend(scene.gateway.take(events)))
    asking.start()
    time.sleep(0.02 + (fault.choice % 80) / 1000)
    scene.stack.keeper.signal(API, signal.SIGKILL)
    asking.join()
    _until_done(lambda: len(scene.gateway.take(events)) == len(events))
    scene.ledger.accept("gateway", numbers)
    return f"{len(taken)} of {len(events)} were accepted before; all were sent again"


def build_interrupted(scene: Scene, fault: Fault) -> str:
    """Register or amend an experiment, and kill all workers while it is built."""
    key = (*EXPERIMENTS, LATE)[fault.choice % (1 + len(EXPERIMENTS))]
    what = "not changed: the API does not answer"
    with suppress(httpx.TransportError, RegistrationError):
        what = _registered(scene) if key == LATE else _amended(scene, key, fault)
    time.sleep((fault.choice % 400) / 1000)
    for name in scene.stack.workers():
        scene.stack.keeper.signal(name, signal.SIGKILL)
    return f"{key} {what}"


def _registered(scene: Scene) -> str:
    addresses = scene.stack.addresses
    register(addresses.http, addresses.token, [], [experiment(LATE)])
    return "registered"


def _amended(scene: Scene, key: str, fault: Fault) -> str:
    addresses = scene.stack.addresses
    asked = {"reason": "Said more clearly", "changes": {"hypothesis": f"Wording {fault.number}"}}
    answer = httpx.post(
        f"{addresses.http}/v1/experiments/{key}/amendments",
        json=asked,
        headers={"authorization": f"Bearer {addresses.token}"},
        timeout=30,
        trust_env=False,
    )
    return f"amended: {answer.status_code}"


def _traveller(scene: Scene, fault: Fault, number: int, at: datetime) -> Mapping[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{scene.company.seed}-traveller-{fault.number}-{number}",
        "source": scene.company.source,
        "type": "lead.accepted",
        "time": at.isoformat(),
        "account": f"account-{number}.example",
    }


def _append(scene: Scene, topic: str, values: Sequence[bytes]) -> None:
    """Write until all of it is acknowledged; some of it may be written twice."""
    left = list(values)

    def is_done() -> bool:
        taken = set(scene.log.append(topic, left, key=b"poisoned.example"))
        left[:] = [value for position, value in enumerate(left) if position not in taken]
        return not left

    _until_done(is_done)


def _until_done(is_done: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + GIVE_UP_SECONDS
    while not is_done():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"A door stayed shut for {GIVE_UP_SECONDS:.0f} s.")
        time.sleep(0.2)
