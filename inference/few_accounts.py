"""Outcomes per contact where few accounts were randomised: CR2, and Welch's t on account means.

CR2 weights accounts by their contacts (the difference of two rates per contact); account means
give every account one vote, which is another question. Sources: Bell & McCaffrey 2002; Pustejovsky
& Tipton 2018 (Satterthwaite degrees of freedom). Misleads when watched.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import msgspec
from scipy import special

from inference.arguments import ArgumentError, between, whole
from inference.arms import Arm
from inference.comparison import Comparison, Method, NotComparable, Reason
from inference.welch import compare_means

_LARGEST = 10**150


class AccountOutcome(msgspec.Struct, frozen=True):
    """One account: its contacts and the sum of their outcomes in fixed-point steps."""

    contacts: int
    total: int


def compare_rates_of_few_accounts(
    control: Sequence[AccountOutcome],
    treatment: Sequence[AccountOutcome],
    *,
    level: float = 0.95,
    scale: int = 0,
) -> Comparison | NotComparable:
    """Difference of outcomes per contact with the CR2 variance and Satterthwaite's df.

    V = Σ r²/(N(N − m)) over the accounts of an arm, r = total − m·ȳ, N = Σm. Accounts without
    contacts say nothing about a contact and are not counted.
    """
    between("level", level, 0, 1)
    whole("scale", scale)
    arms = [_rate_of(side, accounts) for side, accounts in _sides(control, treatment)]
    if min(arm.accounts for arm in arms) < 2:
        return _shortage(arms)
    variance = sum(arm.variance for arm in arms)
    if max(variance, *(abs(arm.mean) for arm in arms)) > _LARGEST:
        return NotComparable(Reason.OUT_OF_RANGE, "values are too large to be compared")
    if variance == 0:
        return NotComparable(Reason.NO_VARIANCE, "all accounts of both arms have the same rate")
    step = 10.0**-scale
    estimate = float(arms[1].mean - arms[0].mean) * step
    error = math.sqrt(variance) * step
    df = float(sum(arm.expected for arm in arms) ** 2 / sum(arm.expected_squared for arm in arms))
    half_width = -float(special.stdtrit(df, (1 - level) / 2)) * error
    return Comparison(
        method=Method.CR2,
        estimate=estimate,
        lower=estimate - half_width,
        upper=estimate + half_width,
        level=level,
        n_control=arms[0].accounts,
        n_treatment=arms[1].accounts,
        p_value=2 * float(special.stdtr(df, -abs(estimate / error))),
        standard_error=error,
        statistic=estimate / error,
        df=df,
    )


def compare_account_means(
    control: Sequence[AccountOutcome],
    treatment: Sequence[AccountOutcome],
    *,
    level: float = 0.95,
    scale: int = 0,
) -> Comparison | NotComparable:
    """Welch's t on the mean outcome of each account's contacts; every account has one vote."""
    whole("scale", scale)
    arms = [_arm_of_means(side, accounts, scale) for side, accounts in _sides(control, treatment)]
    for arm in arms:
        if isinstance(arm, NotComparable):
            return arm
    return compare_means(*arms, level=between("level", level, 0, 1))


class _Rate(msgspec.Struct, frozen=True):
    """One arm: its rate, CR2 variance, and the first two moments of that variance if outcomes of
    contacts were independent with variance 1."""

    accounts: int
    mean: Fraction
    variance: Fraction
    expected: Fraction
    expected_squared: Fraction


def _rate_of(side: str, accounts: Sequence[AccountOutcome]) -> _Rate:
    present = [account for account in _checked(side, accounts) if account.contacts > 0]
    if len(present) < 2:
        zero = Fraction(0)
        return _Rate(len(present), zero, zero, zero, zero)
    n = sum(account.contacts for account in present)
    mean = Fraction(sum(account.total for account in present), n)
    variance = sum(
        (account.total - account.contacts * mean) ** 2 / (n * (n - account.contacts))
        for account in present
    )
    # Γ of Pustejovsky & Tipton: m/N² on the diagonal, and −√(w·w') beside it.
    weights = [Fraction(a.contacts**2, n**2 * (n - a.contacts)) for a in present]
    diagonal = Fraction(sum(account.contacts**2 for account in present), n**4)
    beside = Fraction(sum(weights)) ** 2 - sum(weight**2 for weight in weights)
    return _Rate(len(present), mean, Fraction(variance), Fraction(1, n), diagonal + beside)


def _arm_of_means(side: str, accounts: Sequence[AccountOutcome], scale: int) -> Arm | NotComparable:
    step = Fraction(1, 10**scale)
    means = [
        Fraction(account.total, account.contacts) * step
        for account in _checked(side, accounts)
        if account.contacts > 0
    ]
    if len(means) < 2:
        return NotComparable(*_SHORTAGES[len(means)])
    mean = sum(means) / Fraction(len(means))
    variance = sum((one - mean) ** 2 for one in means) / Fraction(len(means) - 1)
    return Arm(len(means), mean, variance)


def _sides(
    control: Sequence[AccountOutcome], treatment: Sequence[AccountOutcome]
) -> tuple[tuple[str, Sequence[AccountOutcome]], ...]:
    return ("control", control), ("treatment", treatment)


def _checked(side: str, accounts: Sequence[AccountOutcome]) -> Sequence[AccountOutcome]:
    for place, account in enumerate(accounts):
        whole(f"{side}[{place}].contacts", account.contacts, at_least=0)
        whole(f"{side}[{place}].total", account.total)
        if account.contacts == 0 and account.total != 0:
            raise ArgumentError(f"{side}[{place}].total", "must be 0 where contacts is 0")
    return accounts


def _shortage(arms: Sequence[_Rate]) -> NotComparable:
    return NotComparable(*_SHORTAGES[min(arm.accounts for arm in arms)])


_SHORTAGES = (
    (Reason.NO_UNITS, "an arm has no accounts with contacts"),
    (Reason.ONE_UNIT, "one account has no variance"),
)
