import pytest

from schemas.currencies import MINOR_DIGITS

# From ISO 4217 List One, column "Mnr unt", read by hand.
LIST_ONE = {
    "BHD": 3, "BIF": 0, "BRL": 2, "CHF": 2, "CLF": 4, "CLP": 0, "CNY": 2, "DJF": 0, "DKK": 2,
    "EUR": 2, "GBP": 2, "GNF": 0, "HUF": 2, "IDR": 2, "INR": 2, "IQD": 3, "IRR": 2, "ISK": 0,
    "JOD": 3, "JPY": 0, "KMF": 0, "KRW": 0, "KWD": 3, "LYD": 3, "MGA": 2, "MRU": 2, "OMR": 3,
    "PYG": 0, "RWF": 0, "SEK": 2, "TND": 3, "TWD": 2, "UGX": 0, "USD": 2, "UYI": 0, "UYW": 4,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "ZWG": 2,
}  # fmt: skip


@pytest.mark.parametrize(("code", "digits"), LIST_ONE.items())
def test_a_currency_has_the_decimals_of_the_standard(code: str, digits: int) -> None:
    assert MINOR_DIGITS[code] == digits


@pytest.mark.parametrize("code", ["XAU", "XDR", "XTS", "XXX", "DEM", "HRK"])
def test_metals_tests_and_withdrawn_currencies_are_no_money(code: str) -> None:
    assert code not in MINOR_DIGITS


def test_every_code_is_three_capitals() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in MINOR_DIGITS)
