"""What the worker does with what it is given, seen from outside: log, dead letters, readings."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from cli.api_client import connected
from cli.registering import register
from cli.replaying.destination import GatewayAddress
from schemas.dead_letters import DeadLetter, decode_dead_letter
from tests.acceptance.conftest import RunningHere
from tests.acceptance.watching import metric_of, results
from tests.schemas.examples import invalid_examples, valid_examples

pytestmark = pytest.mark.timeout(180)

Found = TypeVar("Found")

METRIC = {
    "key": "worker-leads",
    "name": "Accepted leads",
    "meaning": "Leads that sales accepted",
    "owner": "sales",
    "kind": "count",
    "measure": {"filter": {"types": ["lead.accepted"]}},
    "window": "P14D",
}


def experiment(key: str) -> Mapping[str, Any]:
    return {
        "key": key,
        "name": key,
        "hypothesis": "The worker counts what it is given",
        "owner": "marketing",
        "variants": [{"key": "control", "control": True}, {"key": "treatment"}],
        "metrics": [{"metric": "worker-leads"}],
        "starts_at": "2026-01-01T00:00:00Z",
        "planned_units": 100,
    }


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "urn:test:worker",
        "type": kind,
        "time": "2026-02-01T12:00:00Z",
        **fields,
    }


def exposure(key: str, account: str) -> dict[str, Any]:
    data = {"experiment": key, "variant": "treatment"}
    return event("experiment.exposure", account=account, data=data)


def post(running: RunningHere, *events: Mapping[str, Any]) -> None:
    answer = httpx.post(
        f"{running.url}/v1/events",
        json=list(events),
        headers={"authorization": f"Bearer {running.token}"},
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == 202, answer.text


def to_inbox(running: RunningHere, *records: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=running.stack.kafka, acks="all")
    for record in records:
        producer.send("events.inbox", record)
    producer.flush()
    producer.close()


def ends_of(running: RunningHere, topic: str) -> dict[TopicPartition, int]:
    consumer = KafkaConsumer(bootstrap_servers=running.stack.kafka)
    partitions = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)]
    ends: dict[TopicPartition, int] = consumer.end_offsets(partitions)
    consumer.close()
    return ends


def everything_in(
    running: RunningHere, topic: str, since: Mapping[TopicPartition, int] | None = None
) -> list[tuple[bytes, bytes]]:
    """Return keys and values, from the beginning or from where each partition ended before."""
    starts = since or dict.fromkeys(ends_of(running, topic), 0)
    consumer = KafkaConsumer(
        bootstrap_servers=running.stack.kafka, enable_auto_commit=False, consumer_timeout_ms=1500
    )
    consumer.assign(list(starts))
    for partition, offset in starts.items():
        consumer.seek(partition, offset)
    found = [(record.key, record.value) for record in consumer]
    consumer.close()
    return found


def wait_until(look: Callable[[], Found | None], seconds: float = 60) -> Found:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not seen within {seconds} s")


def leads(running: RunningHere, key: str) -> int:
    arms = metric_of(results(running, key), "worker-leads")["arms"]
    return sum(int(a["moments"]["sum_y"]) + int(a["moments_still_open"]["sum_y"]) for a in arms)


def letters(running: RunningHere) -> list[DeadLetter]:
    return [decode_dead_letter(value) for _, value in everything_in(running, "events.dead-letter")]


def test_what_a_source_writes_to_the_inbox_becomes_a_keyed_event_without_its_address(
    running: RunningHere,
) -> None:
    sent = event(
        "lead.created",
        account="https://www.Acme.example/contact",
        contact="Ada.Lovelace@acme.example",
        data={"owner": "u-17", "origin": "webinar"},
    )

    before = ends_of(running, "events")

    to_inbox(running, json.dumps(sent).encode())

    def look() -> tuple[bytes, bytes] | None:
        logged = everything_in(running, "events", before)
        return next((record for record in logged if sent["id"].encode() in record[1]), None)

    key, value = wait_until(look)
    assert key == b"acme.example"
    assert b"lovelace" not in value.lower()
    assert b"u-17" not in value
    assert json.loads(value)["contact"].startswith("c_")


def test_every_published_example_fares_in_the_stream_as_in_the_codec(running: RunningHere) -> None:
    good, bad = valid_examples(), invalid_examples()

    to_inbox(running, *[e.raw for e in bad], *[e.raw for e in good])

    def look() -> dict[bytes, DeadLetter] | None:
        found = {letter.raw: letter for letter in letters(running)}
        return found if all(example.raw in found for example in bad) else None

    found = wait_until(look)
    reasons = {e.name: (found[e.raw].field, found[e.raw].rule) for e in bad}
    assert reasons == {example.name: (example.field, example.rule) for example in bad}
    assert [example.name for example in good if example.raw in found] == []


def test_a_record_that_is_no_event_is_kept_with_its_place_and_stops_nothing(
    running: RunningHere,
) -> None:
    register(running.url, running.token, [METRIC], [experiment("poisoned")])
    producer = KafkaProducer(bootstrap_servers=running.stack.kafka, acks="all")
    broken = f"no event {uuid.uuid4()}".encode()
    place = producer.send("events", broken, key=b"poisoned.example").get(30)
    producer.close()

    post(running, exposure("poisoned", "poisoned.example"))
    post(running, event("lead.accepted", account="poisoned.example"))

    assert wait_until(lambda: leads(running, "poisoned")) == 1
    (letter,) = [letter for letter in letters(running) if letter.raw == broken]
    assert (letter.topic, letter.partition, letter.offset) == (
        "events",
        place.partition,
        place.offset,
    )
    assert letter.rule


def test_a_link_that_comes_late_moves_what_the_contact_did_to_its_account(
    running: RunningHere,
) -> None:
    register(running.url, running.token, [METRIC], [experiment("linked-late")])
    post(running, exposure("linked-late", "late.example"))
    post(running, event("lead.accepted", contact="late-contact"))
    post(running, event("lead.accepted", account="late.example"))
    assert wait_until(lambda: leads(running, "linked-late")) == 1

    post(running, event("identity.linked", account="late.example", contact="late-contact"))

    assert wait_until(lambda: leads(running, "linked-late") == 2)


def test_a_started_experiment_is_published_on_the_registry(running: RunningHere) -> None:
    register(running.url, running.token, [METRIC], [experiment("published")])

    def look() -> dict[str, Any] | None:
        found = dict(everything_in(running, "registry"))
        return (
            json.loads(found[b"experiment/published"]) if b"experiment/published" in found else {}
        )

    published = wait_until(look)
    assert published["epoch"] == 1
    assert published["experiment"]["key"] == "published"
    assert [metric["key"] for metric in published["metrics"]] == ["worker-leads"]


def test_who_watches_sees_an_event_without_asking_again(running: RunningHere) -> None:
    register(running.url, running.token, [METRIC], [experiment("watched")])
    with connected(GatewayAddress(running.url, running.token)) as api:
        readings = api.follow("watched")
        first = next(readings)

        post(running, exposure("watched", "watched.example"))

        exposed = next(
            found for found in readings if found["intake"]["exposed_units"] != first_units(first)
        )
    assert first_units(first) == 0
    assert exposed["intake"]["exposed_units"] == 1


def first_units(found: Mapping[str, Any]) -> int:
    return int(found["intake"]["exposed_units"])
