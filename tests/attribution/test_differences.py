"""Differences are counted without bound, kept within one, and name their place in words."""

import pytest

from attribution.differences import (
    CellPlace,
    Check,
    ContactPlace,
    Difference,
    Differences,
    HomePlace,
    PartitionPlace,
    Place,
    RecordPlace,
    UnitPlace,
    day_of,
)


def at_home(number: int, check: Check = Check.STATES) -> Difference:
    return Difference(check, HomePlace(f"home-{number}"), "state", None, "units of 1 definitions")


def test_all_differences_are_counted_and_the_first_of_each_check_are_kept() -> None:
    differences = Differences(most=2)

    differences.add([at_home(number) for number in range(5)])
    differences.add([at_home(9, Check.HOMES)])

    assert differences.counts == {Check.STATES: 5, Check.HOMES: 1}
    assert differences.kept == [at_home(0), at_home(1), at_home(9, Check.HOMES)]
    assert differences.omitted == 3


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (CellPlace(3, "subject", "leads", "a", "2026-01-02"),
         "subject (definition 3): leads, a, exposed 2026-01-02"),
        (UnitPlace(3, "subject", "acme", "ann"), "subject (definition 3): home acme, contact ann"),
        (UnitPlace(3, "subject", "acme"), "subject (definition 3): home acme"),
        (ContactPlace("ann", "acme"), "contact ann at acme"),
        (RecordPlace("events", 1, 7, "crm", "l1"), "events[1] offset 7, event crm l1"),
        (RecordPlace("events", 1, 7), "events[1] offset 7"),
        (PartitionPlace("events"), "events"),
    ],
)  # fmt: skip
def test_a_place_is_said_in_words(place: Place, words: str) -> None:
    assert str(place) == words


def test_a_number_that_is_no_day_stays_a_number() -> None:
    assert day_of(20_455) == "2026-01-02"
    assert day_of(2**31 - 1) == "2147483647"
