"""The gateway's promises, held against a real broker over real HTTP."""

import json
from contextlib import closing

import pytest
from kafka import KafkaProducer

from api.app import build_app
from tests.api.conftest import Gateway
from tests.api.events import ids_of, page_view, page_views
from tests.api.serving import holding, paused, post_until, serving, settings, wait_for
from tests.services import KafkaBroker

pytestmark = pytest.mark.stack

BATCH = {"Content-Type": "application/cloudevents-batch+json"}
ONE = {"Content-Type": "application/cloudevents+json"}


def test_an_accepted_event_is_in_the_log_under_its_account(gateway: Gateway) -> None:
    answer = gateway.client.post("/v1/events", json=page_view("e1"))

    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 1,
        "refused": 0,
        "verdicts": [{"index": 0, "verdict": "accepted", "id": "e1", "source": "web.example"}],
    }
    (record,) = gateway.log()
    assert record.key == b"acme.example"
    assert json.loads(record.value)["id"] == "e1"


def test_every_event_is_in_the_partition_that_any_client_gives_its_key(gateway: Gateway) -> None:
    events = [page_view(f"e{n}", account=f"account-{n}.example") for n in range(200)]

    answer = gateway.client.post("/v1/events", json=events)

    log = gateway.log()
    assert answer.json()["accepted"] == len(log) == 200
    assert {record.partition for record in log} == {0, 1, 2, 3}
    with closing(KafkaProducer(bootstrap_servers=gateway.broker)) as producer:
        sent = {r.key: producer.send(gateway.topic, b"{}", key=r.key) for r in log}
        elsewhere = {key: future.get(timeout=10).partition for key, future in sent.items()}
    assert elsewhere == {record.key: record.partition for record in log}


def test_the_events_of_an_account_keep_their_order(gateway: Gateway) -> None:
    first = page_views(300, prefix="first-")
    second = page_views(5, prefix="second-")  # few events take another way than many

    gateway.client.post("/v1/events", json=first)
    gateway.client.post("/v1/events", json=second)

    expected = [event["id"] for event in first + second]
    assert ids_of([record.value for record in gateway.log()]) == expected


def test_a_request_of_many_megabyte_batches_is_taken_whole(kafka_broker: KafkaBroker) -> None:
    topic = kafka_broker.create_topic("events", partitions=1)
    app = build_app(
        settings(kafka=kafka_broker.address, max_body_bytes=4_194_304), events_topic=topic
    )
    events = [page_view(f"e{n}", data={"url": "u" * 2_000, "n": n}) for n in range(1_000)]

    with serving(app) as client:
        wait_for(lambda: not app.state.services.log.is_stalled)
        answer = client.post("/v1/events", json=events)

    assert answer.status_code == 202
    log = Gateway(client, kafka_broker.address, topic).log()
    assert ids_of([record.value for record in log]) == [f"e{n}" for n in range(1_000)]


def test_refused_events_do_not_stop_the_others(gateway: Gateway) -> None:
    batch = [
        page_view("good"),
        page_view("bad", time="yesterday"),
        page_view("nobody", account=None),
        3,
        page_view("also-good"),
    ]

    answer = gateway.client.post("/v1/events", content=json.dumps(batch), headers=BATCH)

    assert answer.status_code == 202
    verdicts = answer.json()["verdicts"]
    assert [v["verdict"] for v in verdicts] == [
        *("accepted", "refused", "refused", "refused", "accepted")
    ]
    assert [(v.get("id"), v.get("field"), v.get("rule")) for v in verdicts[1:4]] == [
        ("bad", "time", "bad_time"),
        ("nobody", "account", "missing"),
        (None, "event", "not_an_object"),
    ]
    assert ids_of([record.value for record in gateway.log()]) == ["good", "also-good"]


def test_an_event_with_nan_is_refused_alone(gateway: Gateway) -> None:
    body = json.dumps([page_view("good"), page_view("nan", data={"seconds": float("nan")})])

    answer = gateway.client.post("/v1/events", content=body, headers=BATCH)

    assert answer.status_code == 202
    assert answer.json()["verdicts"][1]["rule"] == "not_a_number"
    assert ids_of([record.value for record in gateway.log()]) == ["good"]


def test_where_every_event_is_refused_the_request_is(gateway: Gateway) -> None:
    answer = gateway.client.post("/v1/events", json=page_view("bad", type="engagement.unheard"))

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["type"], problem["status"]) == (
        "urn:roundtable:problem:all-events-refused",
        422,
    )
    assert (problem["field"], problem["rule"]) == ("type", "unknown_type")
    assert problem["refused"] == len(problem["verdicts"]) == 1
    assert gateway.log() == []


def test_an_empty_batch_is_taken_and_changes_nothing(gateway: Gateway) -> None:
    answer = gateway.client.post("/v1/events", content=b"[]", headers=BATCH)

    assert answer.status_code == 202
    assert answer.json() == {"accepted": 0, "refused": 0, "verdicts": []}


def test_an_event_in_binary_mode_is_taken(gateway: Gateway) -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "e1",
        "ce-source": "web.example/caf%C3%A9",
        "ce-type": "engagement.page.viewed",
        "ce-time": "2025-03-01T09:30:00Z",
        "ce-account": "acme.example",
        "Content-Type": "application/json",
    }

    answer = gateway.client.post("/v1/events", content=b'{"url": "/a"}', headers=headers)

    assert answer.status_code == 202
    (record,) = gateway.log()
    event = json.loads(record.value)
    assert (event["source"], event["data"]) == ("web.example/café", {"url": "/a"})


def test_data_that_are_no_json_have_no_binary_mode(gateway: Gateway) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "e1", "Content-Type": "image/png"}

    answer = gateway.client.post("/v1/events", content=b"\x89PNG", headers=headers)

    assert answer.status_code == 415


def test_an_address_never_enters_the_log(gateway: Gateway) -> None:
    gateway.client.post("/v1/events", json=page_view("e1", contact="Jane.Doe@acme.example"))

    (record,) = gateway.log()
    assert b"jane" not in record.value.lower()
    assert json.loads(record.value)["contact"].startswith("c_")


def test_an_event_of_a_contact_alone_is_keyed_by_the_contact(gateway: Gateway) -> None:
    gateway.client.post("/v1/events", json=page_view("e1", account=None, contact="c-7"))

    (record,) = gateway.log()
    assert record.key == b"contact:c-7"


def test_what_the_broker_does_not_acknowledge_is_named_and_nothing_is_lost(
    kafka_broker: KafkaBroker,
) -> None:
    topic = kafka_broker.create_topic("events", partitions=4)
    app = build_app(settings(kafka=kafka_broker.address, acknowledge_seconds=1), events_topic=topic)
    events = [page_view(f"e{n}", account=f"account-{n}.example") for n in range(40)]
    with serving(app) as client:
        wait_for(lambda: not app.state.services.log.is_stalled)
        assert client.post("/v1/events", json=page_view("before")).status_code == 202

        with paused(kafka_broker.address):
            refused = client.post("/v1/events", json=[*events, page_view("bad", time="never")])
            trouble = client.get("/readyz").json()["trouble"]["kafka"]
            alive = client.get("/healthz")
        wait_for(lambda: client.post("/v1/events", json=events).status_code == 202)

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    problem = refused.json()
    assert problem["not_taken"] == [
        {"index": n, "id": f"e{n}", "source": "web.example"} for n in range(40)
    ]
    assert [verdict["rule"] for verdict in problem["verdicts"]] == ["bad_time"]
    assert (problem["accepted"], problem["refused"]) == (0, 1)
    assert trouble == "Kafka does not answer"
    assert alive.status_code == 200
    log = Gateway(client, kafka_broker.address, topic).log()
    assert set(ids_of([r.value for r in log])) == {"before", *(f"e{n}" for n in range(40))}


def test_memory_is_given_back_once_the_broker_acknowledges(kafka_broker: KafkaBroker) -> None:
    topic = kafka_broker.create_topic("events")
    app = build_app(settings(kafka=kafka_broker.address, acknowledge_seconds=1), events_topic=topic)
    with serving(app) as client:
        wait_for(lambda: not app.state.services.log.is_stalled)
        in_flight = app.state.services.in_flight
        client.post("/v1/events", json=page_view("before"))

        with paused(kafka_broker.address):
            client.post("/v1/events", json=page_views(100))
            held_for_the_broker = in_flight.held
        wait_for(lambda: in_flight.held == 0)

    assert held_for_the_broker > 100 * 100


def test_more_bytes_than_may_be_in_flight_are_put_off_and_taken_later(
    kafka_broker: KafkaBroker,
) -> None:
    topic = kafka_broker.create_topic("events")
    limits = settings(
        kafka=kafka_broker.address, max_body_bytes=100_000, max_in_flight_bytes=200_000
    )
    app = build_app(limits, events_topic=topic)
    with serving(app) as client:
        wait_for(lambda: not app.state.services.log.is_stalled)

        with holding(client, requests=2, size=95_000):
            put_off = post_until(client, lambda answer: answer.status_code == 429)
        taken = post_until(client, lambda answer: answer.status_code == 202)

    assert put_off.status_code == 429
    assert put_off.headers["content-type"] == "application/problem+json"
    assert put_off.json()["type"] == "urn:roundtable:problem:too-much-in-flight"
    assert int(put_off.headers["retry-after"]) > 0
    assert taken.status_code == 202


def test_a_topic_that_is_missing_is_told_and_takes_nothing(kafka_broker: KafkaBroker) -> None:
    app = build_app(
        settings(kafka=kafka_broker.address, acknowledge_seconds=1), events_topic="not-created"
    )
    with serving(app) as client:
        wait_for(lambda: not app.state.services.log.is_stalled)

        trouble = client.get("/readyz").json()["trouble"]["kafka"]
        answer = client.post("/v1/events", json=page_view("e1"))

    assert trouble == "the topic not-created does not exist; `roundtable topics` creates it"
    assert answer.status_code == 503
    assert [event["id"] for event in answer.json()["not_taken"]] == ["e1"]


def test_without_a_broker_every_event_is_named_as_not_taken() -> None:
    with serving(build_app(settings(acknowledge_seconds=1))) as client:
        answer = client.post("/v1/events", json=[page_view("e1"), page_view("e2")])

    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert [event["id"] for event in answer.json()["not_taken"]] == ["e1", "e2"]


def test_what_the_broker_refuses_for_good_does_not_block_what_follows(
    kafka_broker: KafkaBroker,
) -> None:
    topic = kafka_broker.create_topic("events", configs={"max.message.bytes": "4096"})
    app = build_app(settings(kafka=kafka_broker.address), events_topic=topic)
    with serving(app) as client:
        wait_for(lambda: not app.state.services.log.is_stalled)

        too_large = client.post(
            "/v1/events",
            json=page_view(
                "large", data={"url": "u" * 2_000} | {f"field{n}": "x" * 2_000 for n in range(5)}
            ),
        )
        wait_for(lambda: client.post("/v1/events", json=page_view("e1")).status_code == 202)

    assert too_large.status_code == 503
    assert [event["id"] for event in too_large.json()["not_taken"]] == ["large"]
    log = Gateway(client, kafka_broker.address, topic).log()
    assert set(ids_of([record.value for record in log])) == {"e1"}
