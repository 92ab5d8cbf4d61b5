"""Event types of the house: registered over HTTP, then taken by the gateway, and only widened."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import build_app
from schemas.event_type_drafts import EventTypeDraft
from schemas.resources import MetricDraft
from tests.api.conftest import Gateway, Registry
from tests.api.events import page_view
from tests.api.serving import serving, settings, wait_for
from tests.services import KafkaBroker

pytestmark = pytest.mark.stack

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCHEMA = {
    "type": "object",
    "properties": {
        "plan": {"enum": ["team", "company"]},
        "seats": {"type": "integer", "minimum": 1},
    },
    "required": ["plan"],
}


def draft(**changes: Any) -> dict[str, Any]:
    return {
        "type": "product.trial.started",
        "meaning": "An account began to try the product",
        "owner": "marketing",
        "data_schema": SCHEMA,
        **changes,
    }


def with_field(name: str, schema: Any) -> dict[str, Any]:
    return {**SCHEMA, "properties": {**SCHEMA["properties"], name: schema}}  # type: ignore[dict-item]


def trial(name: str, **data: Any) -> dict[str, Any]:
    return page_view(name, type="product.trial.started", data=data)


@dataclass(frozen=True)
class House:
    """Two APIs of one deployment; types are registered with the first."""

    first: httpx.Client
    second: httpx.Client
    log: Gateway

    def register(self, **changes: Any) -> httpx.Response:
        return self.first.post("/v1/event-types", json=draft(**changes))

    def send(self, *events: dict[str, Any], to: httpx.Client | None = None) -> httpx.Response:
        return (to or self.first).post("/v1/events", json=list(events))


@pytest.fixture
def house(kafka_broker: KafkaBroker, database: str) -> Iterator[House]:
    topic = kafka_broker.create_topic("events", partitions=2)
    chosen = settings(kafka=kafka_broker.address, database=database)
    apps = [build_app(chosen, events_topic=topic) for _ in range(2)]
    with serving(apps[0]) as first, serving(apps[1]) as second:
        for app, client in zip(apps, (first, second), strict=True):
            wait_for(lambda app=app: not app.state.services.log.is_stalled)
            wait_for(lambda c=client: c.get("/v1/event-types").status_code == 200)
        yield House(first, second, Gateway(first, kafka_broker.address, topic))


def test_a_registered_type_is_read_back(registry: Registry) -> None:
    registered = registry.client.post("/v1/event-types", json=draft())

    assert registered.status_code == 201
    assert registered.headers["location"] == "/v1/event-types/product.trial.started"
    found = registered.json()
    assert {name: found[name] for name in draft()} == draft()
    assert found["version"] == 1
    read = registry.client.get(registered.headers["location"]).json()
    assert read == {"type": "product.trial.started", "versions": [found]}
    assert registry.client.get("/v1/event-types").json() == {"event_types": [found]}


def test_a_type_that_is_registered_again_unchanged_stays_one_version(registry: Registry) -> None:
    first = registry.client.post("/v1/event-types", json=draft())
    again = registry.client.post("/v1/event-types", json=draft())

    assert (again.status_code, again.json()) == (200, first.json())


def test_a_type_that_takes_more_is_a_new_version_and_the_old_one_stays(registry: Registry) -> None:
    registry.client.post("/v1/event-types", json=draft())
    wider = with_field("plan", {"enum": ["team", "company", "school"]})
    changed = registry.client.post("/v1/event-types", json=draft(data_schema=wider))

    assert (changed.status_code, changed.json()["version"]) == (201, 2)
    versions = registry.client.get("/v1/event-types/product.trial.started").json()["versions"]
    assert [(v["version"], v["data_schema"]) for v in versions] == [(2, wider), (1, SCHEMA)]
    newest = registry.client.get("/v1/event-types").json()["event_types"]
    assert [v["version"] for v in newest] == [2]


def test_a_version_that_takes_less_is_refused_with_the_place_and_changes_nothing(
    registry: Registry,
) -> None:
    registry.client.post("/v1/event-types", json=draft())
    narrower = with_field("seats", {"type": "integer", "minimum": 5})

    answer = registry.client.post("/v1/event-types", json=draft(data_schema=narrower))

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (409, "urn:roundtable:problem:conflict")
    assert (problem["field"], problem["rule"]) == ("data_schema", "incompatible")
    assert "$.seats narrowed range minimum" in problem["detail"]
    newest = registry.client.get("/v1/event-types").json()["event_types"]
    assert [v["data_schema"] for v in newest] == [SCHEMA]


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"type": "deal.won"}, "type", "reserved_namespace"),
        ({"type": "engagement.fax.sent"}, "type", "reserved_namespace"),
        ({"type": "trial"}, "type", "string_pattern_mismatch"),
        ({"data_schema": {"type": "objekt"}}, "data_schema", "not_a_schema"),
        ({"data_schema": {"$ref": "https://x.example/s.json"}}, "data_schema", "reference"),
        ({"unheard_of": 1}, "unheard_of", "extra_forbidden"),
    ],
)
def test_a_draft_that_breaks_a_rule_is_refused_by_field_and_rule(
    registry: Registry, changes: dict[str, Any], field: str, rule: str
) -> None:
    answer = registry.client.post("/v1/event-types", json=draft(**changes))

    assert (answer.status_code, answer.json()["field"], answer.json()["rule"]) == (422, field, rule)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("product.trial.ended", "is registered"),
        ("deal.won", "is built in; its contract is deal.won"),
    ],
)
def test_a_type_that_is_not_of_the_house_is_not_found(
    registry: Registry, name: str, reason: str
) -> None:
    answer = registry.client.get(f"/v1/event-types/{name}")

    assert answer.status_code == 404
    assert reason in answer.json()["detail"]


def test_an_event_of_a_type_is_refused_before_and_taken_after_it_is_registered(
    house: House,
) -> None:
    before = house.send(trial("t1", plan="team"))
    house.register()
    after = house.send(trial("t1", plan="team"))
    elsewhere = house.send(trial("t2", plan="company"), to=house.second)

    assert (before.status_code, before.json()["rule"]) == (422, "unknown_type")
    assert (after.status_code, elsewhere.status_code) == (202, 202)
    logged = [json.loads(record.value) for record in house.log.log()]
    assert sorted((e["id"], e["data"]["plan"]) for e in logged) == [
        ("t1", "team"),
        ("t2", "company"),
    ]


def test_an_event_in_binary_mode_is_judged_by_its_registered_type(house: House) -> None:
    house.register()
    attributes = {name: value for name, value in trial("t1").items() if name != "data"}
    headers = {f"ce-{name}": value for name, value in attributes.items()}

    good = house.first.post("/v1/events", json={"plan": "team"}, headers=headers)
    bad = house.first.post("/v1/events", json={"plan": "none"}, headers=headers)

    assert (good.status_code, bad.status_code) == (202, 422)
    assert (bad.json()["field"], bad.json()["rule"]) == ("data.plan", "schema")


def test_a_payload_that_breaks_its_schema_is_refused_and_stops_no_other(house: House) -> None:
    house.register()

    answer = house.send(
        trial("good", plan="team", seats=3),
        trial("bad", plan="team", seats=0),
        trial("missing", seats=3),
        page_view("built-in"),
        page_view("never", type="product.trial.ended"),
    )

    assert answer.status_code == 202
    refused = {
        v["id"]: (v["field"], v["rule"], v["detail"])
        for v in answer.json()["verdicts"]
        if v["verdict"] == "refused"
    }
    assert refused == {
        "bad": ("data.seats", "schema", "breaks minimum 1"),
        "missing": ("data.plan", "schema", "breaks required"),
        "never": ("type", "unknown_type", "neither built in nor registered"),
    }


def test_a_wider_version_holds_at_once_in_every_process(house: House) -> None:
    house.register()
    house.send(trial("t1", plan="team"), to=house.second)
    refused = house.send(trial("t2", plan="school"), to=house.second)

    house.register(data_schema=with_field("plan", {"enum": ["team", "company", "school"]}))

    taken = house.send(trial("t2", plan="school"), to=house.second)
    assert (refused.status_code, taken.status_code) == (422, 202)


def test_a_rule_for_a_field_that_had_none_soon_holds_in_every_process(house: House) -> None:
    house.register()
    house.send(trial("t1", plan="team", coupon=7), to=house.second)

    house.register(data_schema=with_field("coupon", {"type": "string"}))

    wait_for(
        lambda: house.send(trial("t2", plan="team", coupon=7), to=house.second).status_code == 422
    )


def test_without_a_database_built_in_types_are_taken_and_own_types_are_to_be_sent_again(
    gateway: Gateway,
) -> None:
    built_in = gateway.client.post("/v1/events", json=page_view("e1"))
    misspelt = gateway.client.post(
        "/v1/events", json=page_view("e2", type="engagement.page.veiwed")
    )
    own = gateway.client.post("/v1/events", json=[page_view("e3"), trial("t1", plan="team")])

    assert (built_in.status_code, misspelt.status_code) == (202, 422)
    assert own.status_code == 503
    assert own.json()["type"] == "urn:roundtable:problem:database-unreachable"
    assert own.headers["retry-after"]
    assert [json.loads(record.value)["id"] for record in gateway.log()] == ["e1"]


def test_the_examples_can_be_registered_and_counted() -> None:
    types = json.loads((EXAMPLES / "product_trial.event_types.json").read_text())
    metrics = json.loads((EXAMPLES / "product_trial.metrics.json").read_text())

    registered = {EventTypeDraft.model_validate(one).type for one in types}

    counted = [MetricDraft.model_validate(one).measure.filter.types for one in metrics]
    assert {name for names in counted for name in names} == registered
