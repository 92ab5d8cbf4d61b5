"""When the planned units will be there: the slower arm decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from inference.arguments import ArgumentError
from inference.expected_end import Traffic, expected_end
from inference.planning import NoPlan, PlanReason, Units

NOW = datetime(2024, 3, 1, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
NONE_YET = Units(0, 0)


def end(needed: Units, exposed: Units, control: int, treatment: int) -> datetime | NoPlan:
    traffic = Traffic(control=control, treatment=treatment, period=WEEK)
    return expected_end(needed, exposed, traffic, window=14 * DAY, now=NOW)


def test_the_window_of_the_last_unit_is_waited_for():
    assert end(Units(70, 70), NONE_YET, 70, 70) == NOW + 7 * DAY + 14 * DAY


def test_the_slower_arm_decides():
    assert end(Units(70, 70), NONE_YET, 70, 35) == NOW + 14 * DAY + 14 * DAY


def test_units_that_came_already_are_not_waited_for():
    assert end(Units(70, 70), Units(100, 60), 70, 70) == NOW + DAY + 14 * DAY


def test_an_arm_that_has_its_units_needs_no_traffic():
    assert end(Units(70, 70), Units(70, 70), 0, 0) == NOW + 14 * DAY


def test_the_time_is_never_rounded_down():
    # A third of a second in whole microseconds.
    traffic = Traffic(control=3, treatment=3, period=timedelta(seconds=1))

    finished = expected_end(Units(1, 1), NONE_YET, traffic, window=0 * DAY, now=NOW)

    assert finished == NOW + timedelta(microseconds=333_334)


@pytest.mark.parametrize(
    ("control", "treatment", "needed", "reason"),
    [
        (0, 70, 70, PlanReason.NO_TRAFFIC),
        (70, 0, 70, PlanReason.NO_TRAFFIC),
        (1, 1, 10**6, PlanReason.TOO_FAR_AWAY),
        (1, 1, 10**30, PlanReason.TOO_FAR_AWAY),
    ],
)
def test_without_enough_traffic_there_is_no_end(control, treatment, needed, reason):
    result = end(Units(needed, needed), NONE_YET, control, treatment)

    assert isinstance(result, NoPlan)
    assert result.reason is reason


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (
            lambda: Traffic(control=-1, treatment=1, period=WEEK),
            "control must be at least 0, not -1",
        ),
        (
            lambda: Traffic(control=1, treatment=1.5, period=WEEK),
            "treatment must be an exact integer, not 1.5",
        ),
        (
            lambda: Traffic(control=1, treatment=1, period=timedelta(0)),
            "period must be longer than nothing, not 0:00:00",
        ),
        (
            lambda: expected_end(
                NONE_YET,
                NONE_YET,
                Traffic(control=1, treatment=1, period=WEEK),
                window=-DAY,
                now=NOW,
            ),
            "window must not be negative, not -1 day, 0:00:00",
        ),
        (
            lambda: expected_end(
                NONE_YET,
                NONE_YET,
                Traffic(control=1, treatment=1, period=WEEK),
                window=DAY,
                now=NOW.replace(tzinfo=None),
            ),
            "now must know its time zone",
        ),
    ],
)
def test_impossible_traffic_is_refused(build, rule):
    with pytest.raises(ArgumentError) as refusal:
        build()

    assert str(refusal.value) == rule
