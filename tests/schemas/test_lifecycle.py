"""Where an experiment stands by what is stored and the time, and who reads it."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from schemas.lifecycle import (
    STEPS,
    ExperimentStatus,
    Interpreters,
    Step,
    StoredStatus,
    standing_of,
    windows_close_at,
)
from schemas.metric_definitions import Side
from transparency.phases import LIFECYCLE

START = datetime(2026, 3, 2, tzinfo=UTC)
END = datetime(2026, 3, 30, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("now", "stands"),
    [
        (START - INSTANT, ExperimentStatus.REGISTERED),
        (START, ExperimentStatus.RUNNING),
        (END - INSTANT, ExperimentStatus.RUNNING),
        (END, ExperimentStatus.CLOSED),
        (END + timedelta(days=900), ExperimentStatus.CLOSED),
    ],
)
def test_a_registered_experiment_runs_exactly_during_its_period(
    now: datetime, stands: ExperimentStatus
) -> None:
    assert standing_of(StoredStatus.REGISTERED, starts_at=START, ends_at=END, now=now) is stands


def test_without_an_end_it_runs_on() -> None:
    late = START + timedelta(days=9_000)

    found = standing_of(StoredStatus.REGISTERED, starts_at=START, ends_at=None, now=late)

    assert found is ExperimentStatus.RUNNING


@pytest.mark.parametrize("stored", [s for s in StoredStatus if s is not StoredStatus.REGISTERED])
@pytest.mark.parametrize("now", [START - INSTANT, START, END])
def test_what_people_decided_does_not_change_with_time(stored: StoredStatus, now: datetime) -> None:
    found = standing_of(stored, starts_at=START, ends_at=END, now=now)

    assert found.value == stored.value


def test_windows_close_for_all_units_of_the_last_day_together() -> None:
    two_weeks = timedelta(days=14)

    assert windows_close_at(END, two_weeks) == datetime(2026, 4, 14, tzinfo=UTC)
    # The end is exclusive: at midnight, the day before is the last one.
    assert windows_close_at(datetime(2026, 3, 30, tzinfo=UTC), two_weeks) == datetime(
        2026, 4, 13, tzinfo=UTC
    )
    assert windows_close_at(None, two_weeks) is None
    assert windows_close_at(END, None) is None


def test_every_step_starts_somewhere_and_every_status_is_one_that_visibility_knows() -> None:
    assert STEPS.keys() == set(Step)
    assert all(STEPS.values())
    assert {status.value for status in ExperimentStatus} == set(LIFECYCLE)


def test_sides_without_an_interpreter_are_named() -> None:
    assert Interpreters().missing_sides == (Side.MARKETING, Side.SALES)
    assert Interpreters(marketing=("ada",)).missing_sides == (Side.SALES,)
    assert Interpreters(marketing=("ada",), sales=("ben",)).missing_sides == ()


@pytest.mark.parametrize(
    "people",
    [
        {"marketing": ["ada"], "sales": ["ada"]},
        {"sales": ["ben", "ben"]},
    ],
)
def test_nobody_reads_for_both_sides_or_twice(people: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError, match="everybody once, on one side"):
        Interpreters.model_validate(people)
