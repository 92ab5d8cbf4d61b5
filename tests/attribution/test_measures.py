"""Numbers of events are read exactly, as written, or not at all."""

from typing import Any

import pytest

from attribution.measures import amount_of, fixed_point
from attribution.money import Rates
from tests.attribution.company import EUROS_ONLY, event

TEN_TRILLION = 10_000_000_000_000


@pytest.mark.parametrize(
    ("value", "scale", "steps"),
    [
        (0.1, 1, 1),
        (0.1, 6, 100_000),
        (0.3, 2, 30),
        (1.005, 2, 100),  # the double is below 1.005, but 1.005 is written: a tie, to even
        (1.015, 2, 102),
        (29.99, 2, 2_999),
        ("29.99", 2, 2_999),
        (7, 0, 7),
        (7, 2, 700),
        (-7, 2, -700),
        ("1e3", 0, 1_000),
        ("1E-2", 2, 1),
        (1e-07, 6, 0),
        ("+5", 0, 5),
        (".5", 1, 5),
        ("5.", 0, 5),
        ("007", 0, 7),
        ("-0", 0, 0),
        ("0e999999", 0, 0),
    ],
)
def test_a_number_is_read_as_the_decimal_it_is_written_as(
    value: Any, scale: int, steps: int
) -> None:
    assert fixed_point(value, scale) == steps


@pytest.mark.parametrize(
    ("value", "whole"),
    [("0.5", 0), ("1.5", 2), ("2.5", 2), ("-0.5", 0), ("-1.5", -2), (0.5, 0), (2.5, 2)],
)
def test_a_tie_is_rounded_to_the_even_neighbour(value: Any, whole: int) -> None:
    assert fixed_point(value, 0) == whole


def test_all_digits_are_rounded_at_once() -> None:
    barely_more_than_a_half = "0.5" + "0" * 40 + "1"
    barely_less_than_a_half = "0.4" + "9" * 40

    assert fixed_point(barely_more_than_a_half, 0) == 1
    assert fixed_point(barely_less_than_a_half, 0) == 0


@pytest.mark.parametrize(
    "value",
    [
        *("NaN", "nan", "sNaN", "inf", "-Infinity", float("nan"), float("inf")),
        *("", " 5", "5 ", "1_000", "1,5", "1.5.2", "--5", "0x10", "٥"),
        *("five", "e5", "1e", "true", ".", "+"),
    ],
)
def test_what_is_no_decimal_number_is_not_read(value: Any) -> None:
    assert fixed_point(value, 2) is None


@pytest.mark.parametrize("value", [True, False, None, [], [5], {}, {"n": 5}])
def test_what_is_neither_number_nor_string_is_not_read(value: Any) -> None:
    assert fixed_point(value, 2) is None


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_number_is_ten_trillion_steps(sign: int) -> None:
    assert fixed_point(sign * TEN_TRILLION, 0) == sign * TEN_TRILLION
    assert fixed_point(sign * 10_000_000, 6) == sign * TEN_TRILLION
    assert fixed_point(str(sign * TEN_TRILLION) + ".4", 0) == sign * TEN_TRILLION
    assert fixed_point(sign * (TEN_TRILLION + 1), 0) is None
    assert fixed_point(sign * 10_000_001, 6) is None
    assert fixed_point(str(sign * TEN_TRILLION) + ".6", 0) is None


@pytest.mark.parametrize("value", [1e300, "1e300", "1e999999", "9" * 5_000, 2**64, 10**400])
def test_a_huge_number_is_not_read(value: Any) -> None:
    assert fixed_point(value, 6) is None


@pytest.mark.parametrize("value", ["1e-999999", 5e-324, "0." + "0" * 5_000 + "1"])
def test_a_tiny_number_is_zero(value: Any) -> None:
    assert fixed_point(value, 6) == 0


def test_an_amount_is_worth_itself_in_the_reporting_currency() -> None:
    assert amount_of(event("deal.won", amount=1_999, currency="EUR"), EUROS_ONLY) == 1_999


def test_an_event_without_amount_has_none() -> None:
    assert amount_of(event("deal.won", currency="EUR"), EUROS_ONLY) is None


def test_an_amount_that_no_rate_reaches_is_unknown() -> None:
    assert amount_of(event("deal.won", amount=1_999, currency="USD"), EUROS_ONLY) is None


def test_an_amount_beyond_ten_trillion_is_unknown() -> None:
    rates = Rates("EUR", [], {"EUR": 2})

    assert amount_of(event("deal.won", amount=TEN_TRILLION, currency="EUR"), rates) == TEN_TRILLION
    assert amount_of(event("deal.won", amount=TEN_TRILLION + 1, currency="EUR"), rates) is None
    assert amount_of(event("deal.won", amount=-TEN_TRILLION - 1, currency="EUR"), rates) is None
