"""Registering metrics and experiments over HTTP, and what stands in the way."""

import pytest

from tests.api.conftest import Registry
from tests.api.resources import experiment, metric

pytestmark = pytest.mark.stack


def test_a_registered_metric_is_read_back(registry: Registry) -> None:
    registered = registry.client.post("/v1/metrics", json=metric())

    assert registered.status_code == 201
    assert registered.headers["location"] == "/v1/metrics/guide-downloads"
    assert registered.json()["version"] == 1
    read = registry.client.get(registered.headers["location"]).json()
    assert read == {"key": "guide-downloads", "versions": [registered.json()]}


def test_a_metric_that_is_registered_again_unchanged_stays_one_version(registry: Registry) -> None:
    first = registry.client.post("/v1/metrics", json=metric())
    again = registry.client.post("/v1/metrics", json=metric())

    assert again.status_code == 200
    assert again.json() == first.json()


def test_a_changed_metric_is_a_new_version_and_the_old_one_stays(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())
    changed = registry.client.post("/v1/metrics", json=metric(window="P30D"))

    assert (changed.status_code, changed.json()["version"]) == (201, 2)
    versions = registry.client.get("/v1/metrics/guide-downloads").json()["versions"]
    assert [(m["version"], m["window"]) for m in versions] == [(2, "P30D"), (1, "P14D")]
    newest = registry.client.get("/v1/metrics").json()["metrics"]
    assert [(m["key"], m["version"]) for m in newest] == [("guide-downloads", 2)]


def test_an_unknown_metric_is_not_found(registry: Registry) -> None:
    answer = registry.client.get("/v1/metrics/nothing")

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:roundtable:problem:not-found"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": "No Key"}, "key"),
        ({"window": "P3000D"}, "window"),
        ({"kind": "average"}, "kind"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"measure": {"filter": {"types": []}}}, "measure.filter.types"),
    ],
)
def test_a_metric_that_breaks_a_rule_is_refused_by_field(
    registry: Registry, changes: dict[str, object], field: str
) -> None:
    answer = registry.client.post("/v1/metrics", json=metric(**changes))

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:roundtable:problem:invalid"
    assert answer.json()["field"] == field


def test_every_broken_rule_is_named_at_once(registry: Registry) -> None:
    answer = registry.client.post("/v1/metrics", json=metric(key="No Key", owner="nobody"))

    assert [error["field"] for error in answer.json()["errors"]] == ["key", "owner"]


def test_a_body_that_is_no_json_is_a_bad_request(registry: Registry) -> None:
    answer = registry.client.post(
        "/v1/metrics", content=b"{", headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400
    assert answer.json()["rule"] == "malformed_json"


def test_an_experiment_goes_from_draft_through_running_to_stopped(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())

    drafted = registry.client.post("/v1/experiments", json=experiment())
    started = registry.client.post("/v1/experiments/spring-mail/start")
    stopped = registry.client.post(
        "/v1/experiments/spring-mail/stop", json={"reason": "The quarter is over."}
    )

    assert (drafted.status_code, drafted.json()["status"]) == (201, "draft")
    assert drafted.headers["location"] == "/v1/experiments/spring-mail"
    assert (started.status_code, started.json()["status"]) == (200, "running")
    assert started.json()["epoch"] == 1
    assert stopped.json()["status"] == "stopped"
    assert stopped.json()["stop_reason"] == "The quarter is over."
    assert registry.client.get("/v1/experiments/spring-mail").json() == stopped.json()


def test_a_draft_can_be_changed_until_it_starts(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())
    registry.client.post("/v1/experiments", json=experiment())
    address = "/v1/experiments/spring-mail"

    changed = registry.client.put(address, json=experiment(planned_units=500))
    registry.client.post(f"{address}/start")
    too_late = registry.client.put(address, json=experiment(planned_units=900))

    assert (changed.status_code, changed.json()["planned_units"]) == (200, 500)
    assert too_late.status_code == 409
    assert too_late.json()["type"] == "urn:roundtable:problem:conflict"
    assert registry.client.get(address).json()["planned_units"] == 500


def test_a_draft_is_changed_only_under_its_own_key(registry: Registry) -> None:
    answer = registry.client.put("/v1/experiments/autumn-mail", json=experiment())

    assert (answer.status_code, answer.json()["field"]) == (422, "key")


@pytest.mark.parametrize("step", ["start", "stop"])
def test_a_step_of_an_unknown_experiment_is_not_found(registry: Registry, step: str) -> None:
    body = {"reason": "none"} if step == "stop" else None

    answer = registry.client.post(f"/v1/experiments/nothing/{step}", json=body)

    assert answer.status_code == 404


def test_a_step_out_of_order_is_a_conflict(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())
    registry.client.post("/v1/experiments", json=experiment())
    address = "/v1/experiments/spring-mail"

    not_running = registry.client.post(f"{address}/stop", json={"reason": "none"})
    registry.client.post(f"{address}/start")
    running = registry.client.post(f"{address}/start")
    taken = registry.client.post("/v1/experiments", json=experiment())

    assert [a.status_code for a in (not_running, running, taken)] == [409, 409, 409]


def test_a_stop_without_a_reason_is_refused(registry: Registry) -> None:
    answer = registry.client.post("/v1/experiments/spring-mail/stop", json={})

    assert (answer.status_code, answer.json()["field"]) == (422, "reason")


def test_an_experiment_on_an_unknown_metric_is_refused(registry: Registry) -> None:
    answer = registry.client.post("/v1/experiments", json=experiment())

    assert answer.status_code == 422
    assert (answer.json()["field"], answer.json()["rule"]) == ("metrics", "unknown_metric")
    assert "guide-downloads" in answer.json()["detail"]


def test_a_rule_between_fields_is_told_in_words(registry: Registry) -> None:
    variants = [{"key": "a", "control": True}, {"key": "b", "control": True}]

    answer = registry.client.post("/v1/experiments", json=experiment(variants=variants))

    assert answer.status_code == 422
    assert "exactly one is the control" in answer.json()["detail"]


def test_experiments_come_in_pages(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())
    for number in range(3):
        registry.client.post("/v1/experiments", json=experiment(f"mail-{number}"))
    registry.client.post("/v1/experiments/mail-1/start")

    first = registry.client.get("/v1/experiments", params={"limit": 2}).json()
    rest = registry.client.get("/v1/experiments", params={"after": first["next"]}).json()
    running = registry.client.get("/v1/experiments", params={"status": "running"}).json()

    assert [e["key"] for e in first["experiments"]] == ["mail-0", "mail-1"]
    assert [e["key"] for e in rest["experiments"]] == ["mail-2"]
    assert rest["next"] is None
    assert [e["key"] for e in running["experiments"]] == ["mail-1"]


def test_rates_are_added_once_and_never_changed(registry: Registry) -> None:
    rate = {"currency": "USD", "valid_from": "2026-01-01", "rate": "0.92"}

    added = registry.client.post("/v1/currency-rates", json={"rates": [rate]})
    again = registry.client.post("/v1/currency-rates", json={"rates": [rate]})
    changed = registry.client.post("/v1/currency-rates", json={"rates": [rate | {"rate": "0.93"}]})

    assert added.json() == {"added": 1, "rebuilding": 0}
    assert again.json() == {"added": 0, "rebuilding": 0}
    assert changed.status_code == 409
    assert registry.client.get("/v1/currency-rates").json() == {
        "reporting_currency": "EUR",
        "rates": [rate],
    }


def test_a_rate_that_contradicts_the_table_adds_none_of_its_request(registry: Registry) -> None:
    rate = {"currency": "USD", "valid_from": "2026-01-01", "rate": "0.92"}
    registry.client.post("/v1/currency-rates", json={"rates": [rate]})
    batch = [rate | {"currency": "GBP"}, rate | {"rate": "0.93"}]

    registry.client.post("/v1/currency-rates", json={"rates": batch})

    assert registry.client.get("/v1/currency-rates").json()["rates"] == [rate]


def test_a_new_rate_builds_started_experiments_anew(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())
    registry.client.post("/v1/experiments", json=experiment())
    registry.client.post("/v1/experiments/spring-mail/start")
    rate = {"currency": "USD", "valid_from": "2026-01-01", "rate": "0.92"}

    added = registry.client.post("/v1/currency-rates", json={"rates": [rate]})

    assert added.json() == {"added": 1, "rebuilding": 1}
    assert registry.client.get("/v1/experiments/spring-mail").json()["epoch"] == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"currency": "EUR"}, "rates.0.currency"),
        ({"currency": "XYZ"}, "rates.0.currency"),
        ({"rate": "0"}, "rates.0.rate"),
        ({"rate": "NaN"}, "rates.0.rate"),
        ({"valid_from": "soon"}, "rates.0.valid_from"),
    ],
)
def test_a_rate_that_cannot_be_is_refused_by_field(
    registry: Registry, changes: dict[str, str], field: str
) -> None:
    rate = {"currency": "USD", "valid_from": "2026-01-01", "rate": "0.92"} | changes

    answer = registry.client.post("/v1/currency-rates", json={"rates": [rate]})

    assert (answer.status_code, answer.json()["field"]) == (422, field)
