"""An experiment's life over HTTP: frozen, amended in the open, followed by the next question."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.api.conftest import Registry
from tests.api.house import House
from tests.api.resources import experiment, metric

pytestmark = pytest.mark.stack

ADDRESS = "/v1/experiments/spring-mail"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def drafted(registry: Registry, **changes: Any) -> httpx.Response:
    registry.client.post("/v1/metrics", json=metric())
    return registry.client.post("/v1/experiments", json=experiment(**changes))


def amended(registry: Registry, reason: str = "The market has changed.", **asked: Any) -> Any:
    return registry.client.post(f"{ADDRESS}/amendments", json={"reason": reason, **asked})


def test_a_registered_experiment_waits_for_its_period_and_can_be_let_run(
    registry: Registry,
) -> None:
    later = (NOW + 9 * DAY).isoformat()
    drafted(registry, starts_at=later)

    registered = registry.client.post(f"{ADDRESS}/register")
    again = registry.client.post(f"{ADDRESS}/register")
    started = registry.client.post(f"{ADDRESS}/start")

    assert (registered.status_code, registered.json()["status"]) == (200, "registered")
    assert registered.json()["started_at"] is None
    assert (again.status_code, again.json()["type"]) == (409, "urn:roundtable:problem:conflict")
    assert "is registered; only one that is draft can be registered" in again.json()["detail"]
    assert (started.json()["status"], started.json()["epoch"]) == ("running", 2)
    assert datetime.fromisoformat(started.json()["starts_at"]) < NOW + DAY


def test_freezing_names_the_version_of_every_metric_and_a_later_one_changes_nothing(
    registry: Registry,
) -> None:
    drafted(registry)
    registered = registry.client.post(f"{ADDRESS}/register").json()
    registry.client.post("/v1/metrics", json=metric(window="P30D"))

    stopped = registry.client.post(f"{ADDRESS}/stop", json={"reason": "done"}).json()

    assert registered["metrics"][0]["version"] == 1
    assert stopped["metrics"][0]["version"] == 1


def test_a_closed_experiment_says_until_when_its_windows_are_open(registry: Registry) -> None:
    drafted(registry)
    registry.client.post(f"{ADDRESS}/start")

    closed = registry.client.post(f"{ADDRESS}/close").json()

    assert closed["status"] == "closed"
    ends_at = datetime.fromisoformat(closed["ends_at"])
    waits = datetime.fromisoformat(closed["windows_close_at"]) - ends_at
    assert timedelta(days=14) <= waits <= timedelta(days=15)
    assert registry.client.post(f"{ADDRESS}/close").status_code == 409


def test_an_amendment_is_kept_with_what_it_changed_and_why(registry: Registry) -> None:
    drafted(registry, starts_at=(NOW + 9 * DAY).isoformat())
    registry.client.post(f"{ADDRESS}/register")

    answer = amended(registry, changes={"planned_units": 900, "name": "Mail in spring"}, epoch=1)

    assert answer.status_code == 201
    assert answer.json()["changes"] == [
        {"field": "name", "before": "Spring mail", "after": "Mail in spring"},
        {"field": "planned_units", "before": 200, "after": 900},
    ]
    assert answer.json()["touched"] == ["*"]
    assert answer.json()["after_exposure"] is False
    listed = registry.client.get(f"{ADDRESS}/amendments").json()
    assert listed == {"amendments": [answer.json()]}
    found = registry.client.get(ADDRESS).json()
    assert (found["planned_units"], found["epoch"], found["invalidated"]) == (900, 2, {})


def test_an_amendment_after_the_first_exposure_makes_what_it_touches_invalid(
    registry: Registry,
) -> None:
    drafted(registry)
    registry.client.post("/v1/metrics", json=metric("calls"))
    registry.client.post(f"{ADDRESS}/start")
    expose_somebody(registry.database)

    uses = [{"metric": "guide-downloads", "covariate": "P7D"}]
    amendment = amended(registry, changes={"metrics": uses}).json()
    amended(registry, changes={"name": "Another"})

    assert (amendment["touched"], amendment["after_exposure"]) == (["guide-downloads"], True)
    mark = {"amendment": 1, "at": amendment["amended_at"]}
    assert registry.client.get(ADDRESS).json()["invalidated"] == {"guide-downloads": mark}


def expose_somebody(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO cohorts (definition_id, variant, exposure_day, shard, units, mixed_units, "
            "exposures) SELECT id, 0, 20500, 0, 1, 0, 1 FROM definitions"
        )
        connection.execute("UPDATE definitions SET status = 'current'")


def test_before_the_first_exposure_nothing_is_invalid_though_it_runs(registry: Registry) -> None:
    drafted(registry)
    registry.client.post(f"{ADDRESS}/start")
    with psycopg.connect(registry.database) as connection:
        connection.execute("UPDATE definitions SET status = 'current'")

    amendment = amended(registry, changes={"planned_units": 900}).json()

    assert (amendment["touched"], amendment["after_exposure"]) == (["*"], False)


def test_while_the_history_is_not_counted_exposures_are_assumed(registry: Registry) -> None:
    drafted(registry)
    registry.client.post(f"{ADDRESS}/start")

    assert amended(registry, changes={"planned_units": 900}).json()["after_exposure"] is True


def test_an_amendment_that_is_sent_again_is_the_same_one(registry: Registry) -> None:
    drafted(registry)
    registry.client.post(f"{ADDRESS}/register")

    first = amended(registry, changes={"name": "Another"}, epoch=1)
    again = amended(registry, changes={"name": "Another"}, epoch=1)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert registry.client.get(ADDRESS).json()["epoch"] == 2


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"key": "other"}, "changes.key", "not_amendable"),
        ({"status": "decided"}, "changes.status", "not_amendable"),
        ({"planned_units": 1}, "changes.planned_units", "greater_than_equal"),
        ({"name": "Spring mail"}, "changes", "nothing_changes"),
        ({"policy": "secret"}, "policy", "unknown_policy"),
        ({"follows": "nothing"}, "follows", "unknown_experiment"),
        ({"metrics": [{"metric": "nothing"}]}, "metrics", "unknown_metric"),
        ({"metrics": [{"metric": "guide-downloads", "cap": 3}]}, "metrics", "unfit_cap"),
    ],
)
def test_an_amendment_that_cannot_be_is_refused_by_field(
    registry: Registry, changes: dict[str, Any], field: str, rule: str
) -> None:
    drafted(registry)
    registry.client.post(f"{ADDRESS}/register")

    answer = amended(registry, changes=changes)

    assert answer.status_code == 422, answer.text
    assert (answer.json()["field"], answer.json()["rule"]) == (field, rule)
    assert registry.client.get(ADDRESS).json()["epoch"] == 1


def test_who_read_an_older_epoch_amends_nothing(registry: Registry) -> None:
    drafted(registry)
    registry.client.post(f"{ADDRESS}/register")
    amended(registry, changes={"name": "Another"})

    late = amended(registry, changes={"name": "A third"}, epoch=1)

    assert late.status_code == 409
    assert "is at epoch 2" in late.json()["detail"]


def test_an_amendment_names_who_amended(house: House) -> None:
    house.client.post("/v1/metrics", json=metric())
    house.client.post("/v1/experiments", json=experiment())
    house.client.post(f"{ADDRESS}/register")

    with house.signed_in("ada", "marketer") as marketer:
        asked = {"reason": "A typo.", "changes": {"name": "Spring e-mail"}}
        answer = marketer.send("POST", f"{ADDRESS}/amendments", json=asked)

    assert answer.status_code == 201
    assert answer.json()["amended_by"] == house.ids["ada"]


def test_a_draft_is_changed_not_amended_and_a_stopped_one_only_reworded(
    registry: Registry,
) -> None:
    drafted(registry)
    draft = amended(registry, changes={"name": "Another"})
    registry.client.post(f"{ADDRESS}/start")
    registry.client.post(f"{ADDRESS}/stop", json={"reason": "done"})

    reworded = amended(registry, changes={"name": "Another"})
    moved = amended(registry, changes={"planned_units": 900})

    assert [a.status_code for a in (draft, reworded, moved)] == [409, 201, 409]


def test_experiments_that_follow_one_another_form_a_line(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())
    for key, follows in (("a", None), ("b", "a"), ("c", "b"), ("d", "b"), ("alone", None)):
        registry.client.post("/v1/experiments", json=experiment(key, follows=follows))

    line = registry.client.get("/v1/experiments/c/line").json()["experiments"]
    alone = registry.client.get("/v1/experiments/alone/line").json()["experiments"]

    assert [(e["key"], e["follows"]) for e in line] == [
        ("a", None), ("b", "a"), ("c", "b"), ("d", "b"),
    ]  # fmt: skip
    assert [e["key"] for e in alone] == ["alone"]
    assert registry.client.get("/v1/experiments/nothing/line").status_code == 404


def test_a_line_never_bites_its_tail(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())
    for key, follows in (("a", None), ("b", "a"), ("c", "b")):
        registry.client.post("/v1/experiments", json=experiment(key, follows=follows))

    circle = registry.client.put("/v1/experiments/a", json=experiment("a", follows="c"))
    itself = registry.client.put("/v1/experiments/a", json=experiment("a", follows="a"))

    assert (circle.status_code, circle.json()["rule"]) == (422, "circle")
    assert itself.status_code == 422
    assert "not this one" in itself.json()["detail"]


def test_experiments_are_found_by_words_standing_owner_and_team(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())
    later = (NOW + DAY).isoformat()
    for key, changes in {
        "spring-mail": {"team": "demand"},
        "autumn-mail": {"starts_at": later, "name": "Herbst-Newsletter"},
        "call-script": {"owner": "sales", "name": "Script", "hypothesis": "Questions first."},
        "ended": {"ends_at": "2026-03-09T00:00:00Z", "name": "Landing page"},
    }.items():
        registry.client.post("/v1/experiments", json=experiment(key, **changes))
        registry.client.post(f"/v1/experiments/{key}/register")

    def found(**asked: str) -> list[str]:
        answer = registry.client.get("/v1/experiments", params=asked)
        return [e["key"] for e in answer.json()["experiments"]]

    assert found(search="mail spr") == ["spring-mail"]
    assert found(search="HERBST") == ["autumn-mail"]
    assert found(search="quest") == ["autumn-mail", "call-script", "ended", "spring-mail"]
    assert found(search="mail") == ["autumn-mail", "ended", "spring-mail"]
    assert found(search="nothing") == []
    assert found(status="registered") == ["autumn-mail"]
    assert found(status="running") == ["call-script", "spring-mail"]
    assert found(status="closed") == ["ended"]
    assert found(status="draft") == []
    assert found(owner="sales") == ["call-script"]
    assert found(team="demand", search="mail") == ["spring-mail"]
    assert found(status="running", search="mail", limit="1") == ["spring-mail"]


@pytest.mark.parametrize("search", ["", "!?", "' | 'x"])
def test_a_search_is_words_and_never_a_query(registry: Registry, search: str) -> None:
    answer = registry.client.get("/v1/experiments", params={"search": search})

    if any(character.isalnum() for character in search):
        assert (answer.status_code, answer.json()["experiments"]) == (200, [])
    else:
        assert (answer.status_code, answer.json()["rule"]) == (422, "no_word")


def test_an_unknown_policy_is_refused(registry: Registry) -> None:
    answer = drafted(registry, policy="secret")

    assert (answer.status_code, answer.json()["field"]) == (422, "policy")


def test_templates_are_read_in_either_language(registry: Registry) -> None:
    listed = registry.client.get("/v1/templates").json()["templates"]
    german = registry.client.get("/v1/templates/subject-line", params={"language": "de"}).json()
    unknown = registry.client.get("/v1/templates/nothing")

    assert [template["key"] for template in listed][:2] == ["subject-line", "landing-page"]
    assert {template["language"] for template in listed} == {"en"}
    assert (german["language"], german["name"]) == ("de", "Betreffzeile")
    assert unknown.status_code == 404


def test_a_template_becomes_an_experiment_in_two_steps(registry: Registry) -> None:
    template = registry.client.get("/v1/templates/sales-script").json()
    for one in template["metrics"]:
        assert registry.client.post("/v1/metrics", json=one).status_code == 201

    body = {**template["draft"], "key": "script", "starts_at": NOW.isoformat()}
    written = registry.client.post("/v1/experiments", json=body)

    assert written.status_code == 201, written.text
    assert registry.client.post("/v1/experiments/script/register").status_code == 200
