"""Amounts are converted exactly, by the rate in force on the event's day in UTC."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from attribution.money import Rate, Rates, UnknownRateError

DECIMALS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
MARCH, APRIL = date(2025, 3, 1), date(2025, 4, 1)


def rates(reporting: str = "EUR", **by_currency: str) -> Rates:
    table = [Rate(code, MARCH, Decimal(rate)) for code, rate in by_currency.items()]
    return Rates(reporting, table, DECIMALS)


def at(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


NOON = at("2025-03-15T12:00:00")


@pytest.mark.parametrize(
    ("cents", "half"), [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2), (-5, -2), (0, 0)]
)
def test_half_a_minor_unit_goes_to_the_even_neighbour(cents: int, half: int) -> None:
    assert rates(USD="0.5").convert(cents, "USD", NOON) == half


def test_a_rate_is_a_decimal_and_no_float_comes_between() -> None:
    # 0.1 as a double is a little more than 0.1, which would carry this tie upwards.
    assert rates(USD="0.1").convert(25, "USD", NOON) == 2
    assert rates(USD="0.1").convert(10**17 + 5, "USD", NOON) == 10**16


@pytest.mark.parametrize(
    ("reporting", "currency", "rate", "amount", "worth"),
    [
        ("EUR", "JPY", "0.0061", 10_000, 6_100),  # 10,000 yen are 61.00 euros
        ("EUR", "KWD", "3", 1_500, 450),  # 1.500 dinars are 4.50 euros
        ("JPY", "EUR", "160", 1_050, 1_680),  # 10.50 euros are 1,680 yen
        ("JPY", "KWD", "500", 1_001, 500),  # 1.001 dinars are 500.5 yen: to even
        ("KWD", "JPY", "0.002", 3, 6),  # 3 yen are 0.006 dinars
        ("KWD", "EUR", "0.33", 100, 330),  # 1.00 euro is 0.330 dinars
    ],
)
def test_currencies_differ_in_the_decimals_of_their_minor_unit(
    reporting: str, currency: str, rate: str, amount: int, worth: int
) -> None:
    assert rates(reporting, **{currency: rate}).convert(amount, currency, NOON) == worth


@pytest.mark.parametrize(
    ("moment", "worth"),
    [
        ("2025-03-01T00:00:00", 200),
        ("2025-03-31T23:59:59.999999", 200),
        ("2025-04-01T00:00:00", 300),
        ("2030-01-01T00:00:00", 300),
    ],
)
def test_the_newest_rate_of_the_day_or_before_is_in_force(moment: str, worth: int) -> None:
    table = [Rate("USD", APRIL, Decimal(3)), Rate("USD", MARCH, Decimal(2))]

    assert Rates("EUR", table, DECIMALS).convert(100, "USD", at(moment)) == worth


def test_before_the_first_rate_there_is_none() -> None:
    with pytest.raises(UnknownRateError, match=r"^no rate for USD on 2025-02-28$") as refused:
        rates(USD="0.9").convert(100, "USD", at("2025-02-28T23:59:59.999999"))

    assert (refused.value.currency, refused.value.day) == ("USD", date(2025, 2, 28))


def test_a_currency_without_any_rate_is_refused() -> None:
    with pytest.raises(UnknownRateError, match="no rate for JPY on 2025-03-15"):
        rates(USD="0.9").convert(100, "JPY", NOON)


def test_the_reporting_currency_needs_no_rate() -> None:
    assert rates().convert(123, "EUR", NOON) == 123
    assert rates().convert(123, None, NOON) == 123
