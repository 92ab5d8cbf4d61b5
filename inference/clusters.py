"""Contacts are not accounts: how much of a sample is lost where contacts of an account are alike.

Source: Eldridge, Ashby & Kerry 2006 (design effect with unequal sizes). Misleads where the
intraclass correlation is guessed: take it from past outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from inference.arguments import ArgumentError, at_least, finite, whole, wholes


class Clusters(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts as they are: mean number of contacts, its variation, and how alike contacts are.

    `size_variation` is the standard deviation of the sizes over their mean.
    """

    mean_size: float
    intraclass_correlation: float
    size_variation: float = 0.0

    def __post_init__(self) -> None:
        at_least("mean_size", self.mean_size, 1)
        at_least("size_variation", self.size_variation, 0)
        if not 0 <= finite("intraclass_correlation", self.intraclass_correlation) <= 1:
            raise ArgumentError("intraclass_correlation", "must lie between 0 and 1")

    @property
    def design_effect(self) -> float:
        """1 + ((1 + CV²)·m̄ − 1)·ρ: how many times the contacts of a sample without accounts."""
        weighted_size = (1 + self.size_variation**2) * self.mean_size
        return 1 + (weighted_size - 1) * self.intraclass_correlation

    def accounts_for(self, contacts: int) -> int:
        """Accounts that hold so many contacts, never rounded down."""
        return math.ceil(whole("contacts", contacts, at_least=0) / Fraction(self.mean_size))


class Account(msgspec.Struct, frozen=True):
    """Contacts of one account: their number, the sum of their outcomes and that of the squares."""

    contacts: int
    sum_y: int
    sum_yy: int


def intraclass_correlation(accounts: Sequence[Account]) -> float | None:
    """How alike contacts of the same account are, by analysis of variance; at least 0.

    (MSB − MSW)/(MSB + (n₀ − 1)·MSW), n₀ = (N − Σm²/N)/(G − 1). None where it cannot be had: fewer
    than two accounts, no account with two contacts, or outcomes that do not vary.
    """
    for account in accounts:
        _refuse_impossible(account)
    groups, contacts = len(accounts), sum(account.contacts for account in accounts)
    if groups < 2 or contacts <= groups:
        return None
    total = Fraction(sum(account.sum_y for account in accounts))
    explained = sum(Fraction(a.sum_y**2, a.contacts) for a in accounts)
    within = (sum(a.sum_yy for a in accounts) - explained) / (contacts - groups)
    between = (explained - total**2 / contacts) / (groups - 1)
    squares = sum(account.contacts**2 for account in accounts)
    typical_size = (contacts - Fraction(squares, contacts)) / (groups - 1)
    spread = between + (typical_size - 1) * within
    return None if spread == 0 else max(0.0, float((between - within) / spread))


def _refuse_impossible(account: Account) -> None:
    whole("contacts", account.contacts, at_least=1)
    wholes("sums", (account.sum_y, account.sum_yy))
    if account.contacts * account.sum_yy < account.sum_y**2:
        raise ArgumentError("sum_yy", "is too small: m·Σy² must be at least (Σy)²")
