"""Every figure can be traced to the raw events, and to what was known on an earlier day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.api.company import Company, download, exposure, history
from tests.api.conftest import Registry
from tests.api.resources import metric

pytestmark = pytest.mark.stack


@pytest.fixture
def company(registry: Registry) -> Company:
    """A company with an API and a database."""
    return Company(registry.client, registry.database)


def explained(company: Company, **query: str) -> dict[str, Any]:
    asked = {"metric": "guide-downloads", **query}
    answer = company.client.get("/v1/experiments/spring-mail/explain", params=asked)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def test_every_stored_event_has_one_fate_and_the_counted_ones_are_the_figure(
    company: Company,
) -> None:
    company.start()
    company.deliver(history(12, {"plain": 3, "question": 5}))
    company.deliver(
        [
            download(0, day=2),  # again: the account has converted already
            download(4, day=-3),  # before its exposure
            download(5, day=20),  # after its window
            download(90),  # met no variant
            exposure(11, "question", day=1),  # met a second variant ...
            download(11),  # ... so this one is left out
        ]
    )

    found = explained(company)

    lines = {(line["variant"], line["fate"]): line["events"] for line in found["events"]}
    assert lines == {
        ("plain", "counted"): 3,
        ("plain", "repeated"): 1,
        ("plain", "before_exposure"): 1,
        ("plain", "after_window"): 1,
        ("plain", "mixed_unit"): 1,
        ("question", "counted"): 5,
        (None, "not_exposed"): 1,
    }
    assert found["stored_events"] == sum(lines.values()) == 13
    plain, question = found["variants"]
    assert (plain["exposed"], plain["mixed"], plain["sum_of_outcomes"]) == (11, 1, "3")
    assert (question["exposed"], question["sum_of_outcomes"]) == (12, "5")
    assert plain["reconciles"]
    assert question["reconciles"]


def test_a_sum_reconciles_to_the_last_step_with_and_without_its_cap(company: Company) -> None:
    points = metric(
        kind="sum",
        measure={
            "filter": {
                "types": ["engagement.content.*"],
                "where": [{"field": "data.points", "op": "gte", "value": 0}],
            },
            "value": "data.points",
        },
    )
    company.client.post("/v1/metrics", json=points).raise_for_status()
    company.start_registered(metrics=[{"metric": "guide-downloads", "cap": "50"}])
    company.deliver(history(10, {"plain": 0, "question": 0}))
    values = [3, 70, -1]  # -1 does not meet the condition
    company.deliver([_scored(number, value) for number, value in enumerate(values)])

    found = explained(company)

    plain = found["variants"][0]
    assert (plain["events_add_up_to"], plain["sum_of_outcomes"]) == ("73", "73")
    assert plain["reconciles"]
    assert ("plain", "other_condition", 1) in {
        (line["variant"], line["fate"], line["events"]) for line in found["events"]
    }


def _scored(number: int, value: int) -> Any:
    found = download(number)
    return type(found)(
        **{name: getattr(found, name) for name in found.__struct_fields__}
        | {"data": {"points": value}}
    )


def test_a_metric_that_the_experiment_does_not_have_is_refused(company: Company) -> None:
    company.start()

    answer = company.client.get("/v1/experiments/spring-mail/explain", params={"metric": "no-such"})

    assert answer.status_code == 422
    assert answer.json()["field"] == "metric"


def arrive(company: Company, ids: list[str], moment: datetime) -> None:
    """Let events have arrived right after a moment: in tests they arrive when they happen."""
    arrived_us = int(moment.timestamp() * 1_000_000) + 1
    with psycopg.connect(company.database) as connection:
        connection.execute(
            "UPDATE events SET received_us = %s WHERE id = ANY(%s)", (arrived_us, ids)
        )


def test_results_as_known_leave_out_what_had_not_arrived(company: Company) -> None:
    company.start()
    company.deliver(history(15, {"plain": 2, "question": 3}))
    between = datetime.now(UTC)
    company.deliver([download(number) for number in range(5, 9)])
    arrive(company, [f"download-{number}-1" for number in range(5, 9)], between)

    asked = {"on": between.isoformat()}
    answer = company.client.get("/v1/experiments/spring-mail/as-known", params=asked)

    answer.raise_for_status()
    then, now = answer.json()["results"], company.results().json()
    assert [arm["moments"]["sum_y"] for arm in then["metrics"][0]["arms"]] == ["2", "3"]
    assert [arm["moments"]["sum_y"] for arm in now["metrics"][0]["arms"]] == ["6", "3"]
    (arrived,) = answer.json()["arrived_since"]
    assert (arrived["type"], arrived["events"], arrived["late"]) == (
        *("engagement.content.downloaded", 4, 4),
    )


def test_the_present_as_known_is_the_present(company: Company) -> None:
    company.start()
    company.deliver(history(15, {"plain": 2, "question": 3}))

    asked = {"on": datetime.now(UTC).isoformat()}
    known = company.client.get("/v1/experiments/spring-mail/as-known", params=asked).json()

    now = company.results().json()
    of_the_clock = {"expected_at": None}
    assert [{**metric, **of_the_clock} for metric in known["results"]["metrics"]] == [
        {**metric, **of_the_clock} for metric in now["metrics"]
    ]
    assert known["arrived_since"] == []


@pytest.mark.parametrize(
    ("on", "rule"),
    [
        ((datetime.now(UTC) + timedelta(days=1)).isoformat(), "in_the_future"),
        ("2026-03-01T00:00:00", "no_offset"),
    ],
)
def test_a_moment_that_cannot_be_known_is_refused(company: Company, on: str, rule: str) -> None:
    company.start()

    answer = company.client.get("/v1/experiments/spring-mail/as-known", params={"on": on})

    assert (answer.status_code, answer.json()["rule"]) == (422, rule)


def test_before_its_start_nothing_was_known(company: Company) -> None:
    before = datetime.now(UTC)
    company.start()

    answer = company.client.get(
        "/v1/experiments/spring-mail/as-known", params={"on": before.isoformat()}
    )

    assert answer.status_code == 409
