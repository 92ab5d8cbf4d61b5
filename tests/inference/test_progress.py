"""The expected date of the planned units, and where none can be given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from inference.progress import expected_at

START = datetime(2024, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=10)
WINDOW = timedelta(days=14)


def expected(planned: int, exposed: int, since: datetime | None = START) -> datetime | None:
    return expected_at(planned, exposed, exposed_since=since, window=WINDOW, now=NOW)


def test_the_pace_so_far_goes_on():
    assert expected(300, 100) == NOW + timedelta(days=20) + WINDOW


@pytest.mark.parametrize("exposed", [100, 150])
def test_with_all_units_exposed_only_the_window_is_waited_for(exposed):
    assert expected(100, exposed) == NOW + WINDOW


@pytest.mark.parametrize(
    ("planned", "exposed", "since"),
    [(100, 0, START), (100, 10, None), (100, 10, NOW), (10**9, 1, START)],
)
def test_without_a_pace_or_within_ten_years_there_is_no_date(planned, exposed, since):
    assert expected(planned, exposed, since) is None
