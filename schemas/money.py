"""Money as a payload writes it, read into an exact integer of minor units."""

import re
from typing import Any

from schemas.currencies import MINOR_DIGITS
from schemas.events import InvalidEvent
from schemas.values import INT64_MAX, INT64_MIN

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.([0-9]{1,4}))?")


def money_of(data: dict[str, Any]) -> tuple[int | None, str | None]:
    """Read `amount` and `currency` of a payload; an amount without its currency is refused."""
    currency, amount = data.get("currency"), data.get("amount")
    if currency is None:
        if amount is not None:
            raise InvalidEvent("data.currency", "missing", "an amount names its currency")
        return None, None
    if not isinstance(currency, str) or currency not in MINOR_DIGITS:
        raise InvalidEvent("data.currency", "unknown_currency", "three capitals, as in EUR")
    return None if amount is None else minor_units(amount, currency), currency


def minor_units(amount: Any, currency: str) -> int:
    """Read minor units, or a decimal string with exactly the decimals of the currency."""
    if isinstance(amount, str):
        amount = _minor_units_of_decimal(amount, MINOR_DIGITS[currency])
    elif isinstance(amount, bool) or not isinstance(amount, int):
        raise InvalidEvent(
            "data.amount", "not_an_amount", "a float or boolean cannot be an amount of money"
        )
    if not INT64_MIN <= amount <= INT64_MAX:
        raise InvalidEvent("data.amount", "integer_out_of_range", "more than 64 bits")
    return int(amount)


def _minor_units_of_decimal(text: str, digits: int) -> int:
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise InvalidEvent(
            "data.amount", "not_an_amount", "digits with a decimal point, as in 499.00"
        )
    if len(match[1] or "") != digits:
        # "499" is refused for dollars: it may as well be meant as minor units.
        raise InvalidEvent("data.amount", "wrong_decimals", f"this currency has {digits} decimals")
    return int(text.replace(".", ""))
