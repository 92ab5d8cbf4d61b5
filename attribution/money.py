"""Amounts in the one reporting currency, by the rate in force on the day of the event. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

DAY_US = 86_400_000_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Rate:
    """From `valid_from` on, one unit of `currency` is worth `rate` units of the reporting one."""

    currency: str
    valid_from: date
    rate: Decimal


class UnknownRateError(LookupError):
    """No rate of this currency is in force on this day."""

    def __init__(self, currency: str, day: date) -> None:
        self.currency = currency
        self.day = day
        super().__init__(f"no rate for {currency} on {day.isoformat()}")


class Rates:
    """The dated rate table of a deployment, with the minor-unit exponent of each currency."""

    __slots__ = ("_days", "_factors", "exponents", "reporting")

    def __init__(self, reporting: str, rates: Iterable[Rate], exponents: Mapping[str, int]) -> None:
        self.reporting = reporting
        self.exponents = exponents
        self._days: dict[str, list[int]] = {}
        self._factors: dict[str, list[Fraction]] = {}
        for rate in sorted(rates, key=lambda rate: rate.valid_from):
            self._days.setdefault(rate.currency, []).append(_day_number(rate.valid_from))
            self._factors.setdefault(rate.currency, []).append(self._factor(rate))

    def convert(self, amount: int, currency: str | None, time_us: int) -> int:
        """Return `amount` (minor units) in minor units of the reporting currency, half to even.

        An amount without a currency is taken to be in the reporting one. Raises UnknownRateError.
        """
        if currency is None or currency == self.reporting:
            return amount
        day = time_us // DAY_US
        position = bisect_right(self._days.get(currency, []), day) - 1
        if position < 0:
            raise UnknownRateError(currency, date.fromordinal(day + _EPOCH_ORDINAL))
        return round(amount * self._factors[currency][position])

    def _factor(self, rate: Rate) -> Fraction:
        shift = self.exponents[self.reporting] - self.exponents[rate.currency]
        return Fraction(rate.rate) * Fraction(10) ** shift


def _day_number(day: date) -> int:
    return day.toordinal() - _EPOCH_ORDINAL
