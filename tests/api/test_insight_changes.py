"""What is new about an experiment is told once; sources are judged by their own past."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.insight_changes import Seen, changed_alarms, changed_standing, changed_statuses, seen_in
from api.reading_schedule import ReadingSchedule
from api.source_silence import changed_silence, is_source_silent
from schemas.insights import ExperimentClosed, ExperimentStarted
from storage.event_sources import EventSource
from storage.told import ToldPair

DOWNLOADS = ToldPair("guide-downloads", "plain", "question")
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR_US = 3_600_000_000


def seen(status: str = "better", **changes: Any) -> Seen:
    """A results document as the API writes it, of which only a part is read."""
    document = {
        "experiment": {
            "key": "spring-mail",
            "name": "Spring mail",
            "status": "running",
            "owner": "marketing",
            "variants": [{"key": "plain", "name": "Plain"}, {"key": "question", "name": ""}],
        },
        "backfill": {"complete": True, "homes": 3},
        "mixed_share": 0.0,
        "sample_ratio": {"alarm": False, "p_value": 0.4},
        "sample_ratio_by_day": None,
        "metrics": [metric("guide-downloads", "primary", status), metric("harm", "guardrail")],
        **changes,
    }
    return seen_in(json.dumps(document).encode())


def metric(key: str, role: str, status: str = "harmed") -> dict[str, Any]:
    pair = {
        "baseline": "plain",
        "variant": "question",
        "status": status,
        "reason": None,
        "estimate": 0.123,
        "sentence": "12.3 percentage points more",
    }
    return {"metric": key, "name": f"The {key}", "role": role, "pairs": [pair]}


def test_a_status_that_differs_from_what_was_told_is_told() -> None:
    (change,) = changed_statuses(seen("better"), {DOWNLOADS: "undecided"})

    assert (change.previous, change.status) == ("undecided", "better")
    assert (change.metric, change.baseline, change.variant) == DOWNLOADS
    assert "question against Plain: better" in change.sentence.en


def test_what_was_told_is_not_told_again() -> None:
    assert list(changed_statuses(seen("better"), {DOWNLOADS: "better"})) == []


def test_what_was_never_told_began_as_collecting() -> None:
    assert list(changed_statuses(seen("collecting"), {})) == []
    assert [change.previous for change in changed_statuses(seen("worse"), {})] == ["collecting"]


def test_guardrails_and_secondary_metrics_are_not_told_of() -> None:
    told = list(changed_statuses(seen("better"), {}))

    assert [change.metric for change in told] == ["guide-downloads"]


def test_no_estimate_is_read_at_all() -> None:
    assert "0.123" not in repr(seen())
    assert "12.3" not in repr(seen())


@pytest.mark.parametrize(
    ("changes", "alarm"),
    [
        ({"sample_ratio": {"alarm": True}}, "sample_ratio_mismatch"),
        ({"sample_ratio_by_day": {"alarm": True}}, "sample_ratio_mismatch"),
        ({"mixed_share": 0.11}, "too_many_mixed_units"),
    ],
)
def test_an_alarm_is_raised_once_and_ended_once(changes: dict[str, Any], alarm: str) -> None:
    (raised,) = changed_alarms(seen(**changes), set())
    (ended,) = changed_alarms(seen(), {alarm})

    assert (raised.alarm, raised.state, raised.experiment) == (alarm, "raised", "spring-mail")
    assert (ended.alarm, ended.state) == (alarm, "ended")
    assert list(changed_alarms(seen(**changes), {alarm})) == []
    assert list(changed_alarms(seen(), set())) == []


@pytest.mark.parametrize(
    ("status", "told", "expected"),
    [
        ("running", None, [ExperimentStarted]),
        ("running", "running", []),
        ("closed", "running", [ExperimentClosed]),
        ("closed", None, [ExperimentClosed]),
        ("closed", "closed", []),
        # Prolonged by an amendment, or looked at further after a review: it did not start anew.
        ("running", "closed", []),
        ("registered", None, []),
        ("in_review", "running", []),
    ],
)
def test_a_period_that_begins_or_ends_by_the_clock_is_told_of(
    status: str, told: str | None, expected: list[type]
) -> None:
    standing = {"key": "spring-mail", "name": "Spring mail", "status": status, "variants": []}

    found = changed_standing(seen(experiment=standing, metrics=[]), told)

    assert [type(each) for each in found] == expected


def source(
    *,
    known_days: float = 30,
    silent_hours: float,
    longest_pause_hours: float = 0,
    said: bool = False,
) -> EventSource:
    last_us = int((NOW - timedelta(hours=silent_hours)).timestamp() * 1e6)
    pause_us = int(longest_pause_hours * HOUR_US)
    return EventSource("web", NOW - timedelta(days=known_days), last_us, pause_us, said)


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        (source(silent_hours=23), False),
        (source(silent_hours=25), True),
        (source(silent_hours=25, known_days=6), False),
        # Quiet at weekends: 62 hours from Friday evening to Monday morning are usual.
        (source(silent_hours=62, longest_pause_hours=62), False),
        (source(silent_hours=123, longest_pause_hours=62), False),
        (source(silent_hours=125, longest_pause_hours=62), True),
    ],
)
def test_a_source_is_silent_after_a_day_and_twice_its_longest_pause(
    judged: EventSource, expected: bool
) -> None:
    assert is_source_silent(judged, now=NOW) is expected


def test_silence_is_told_when_it_begins_and_when_it_ends() -> None:
    sources = [
        source(silent_hours=25),
        source(silent_hours=25, said=True),
        source(silent_hours=1, said=True),
        source(silent_hours=1),
    ]

    assert [alarm.state for alarm in changed_silence(sources, now=NOW)] == ["raised", "ended"]


def test_an_experiment_is_read_at_once_and_then_not_before_its_pause_is_over() -> None:
    schedule = ReadingSchedule(pause=30)
    schedule.note("a", 100)
    first = schedule.take(100)
    schedule.note("a", 101)
    schedule.note("a", 102)

    assert first == "a"
    assert [schedule.take(now) for now in (102, 129.9, 130, 131)] == [None, None, "a", None]


def test_the_experiment_that_is_due_longest_is_read_first() -> None:
    schedule = ReadingSchedule(pause=30)
    schedule.note("late", 5)
    schedule.note("early", 1)

    assert [schedule.take(10), schedule.take(10), schedule.take(10)] == ["early", "late", None]


def test_an_experiment_that_is_watched_no_more_is_forgotten() -> None:
    schedule = ReadingSchedule(pause=30)
    schedule.note("gone", 1)
    schedule.note("kept", 2)

    schedule.keep_only({"kept"})

    assert [schedule.take(10), schedule.take(10)] == ["kept", None]
