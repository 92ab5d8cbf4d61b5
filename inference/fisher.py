"""Fisher's exact test of two shares, with the conditional odds ratio and its exact interval.

Given the sum of events, the events of treatment are noncentral hypergeometric. Two-sided is twice
the smaller side, which is what the interval inverts, so that both agree. Source: Fisher 1935;
Cornfield 1956. Misleads when watched; more conservative than Boschloo's test.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from inference.arguments import between
from inference.comparison import NotComparable, Reason
from inference.exact_tests import Shares

Floats: TypeAlias = NDArray[np.float64]

_FAR = 200.0
"""Of the logarithm: odds e²⁰⁰ times as high are not told apart from infinitely higher ones."""
_TIE = 1e-9


class OddsRatio(msgspec.Struct, frozen=True, kw_only=True):
    """Odds of treatment over odds of control; `estimate` and `upper` are absent where infinite."""

    estimate: float | None
    lower: float
    upper: float | None
    p_value: float
    level: float
    n_control: int
    n_treatment: int

    @property
    def excludes_one(self) -> bool:
        """Whether "no difference" lies outside the interval."""
        return self.lower > 1 or (self.upper is not None and self.upper < 1)


def compare_odds(shares: Shares, *, level: float = 0.95) -> OddsRatio | NotComparable:
    """Conditional maximum likelihood odds ratio, exact interval and two-sided p.

    Where no unit or every unit converted, the margins say nothing about the ratio: no result.
    """
    between("level", level, 0, 1)
    if min(shares.control, shares.treatment) < 1:
        return NotComparable(Reason.NO_UNITS, "an arm has no units")
    tables = _Tables.with_margins_of(shares)
    if len(tables.events) == 1:
        return NotComparable(Reason.TOO_FEW_EVENTS, "no unit or every unit converted")
    observed, side = shares.treatment_events, (1 - level) / 2
    lowest, highest = observed == tables.events[0], observed == tables.events[-1]
    return OddsRatio(
        estimate=None if highest else 0.0 if lowest else tables.likeliest_odds(observed),
        lower=0.0 if lowest else tables.odds_where_above(observed, side),
        upper=None if highest else 1 / tables.mirrored.odds_where_above(-observed, side),
        p_value=min(1.0, 2 * min(tables.above(observed, 0.0), tables.below(observed, 0.0))),
        level=level,
        n_control=shares.control,
        n_treatment=shares.treatment,
    )


def fisher_p_value(shares: Shares) -> float:
    """The customary two-sided p: the chance of all tables that are no likelier than the observed.

    It may disagree with the interval, as every two-sided interval of odds does with it.
    """
    tables = _Tables.with_margins_of(shares)
    chances = tables.chances(0.0)
    observed = chances[tables.events == shares.treatment_events]
    return min(1.0, float(chances[chances <= observed * (1 + _TIE)].sum()))


class _Tables(msgspec.Struct, frozen=True):
    """Possible events of treatment given their sum, and in how many ways each comes about."""

    events: NDArray[np.int64]
    log_ways: Floats

    @classmethod
    def with_margins_of(cls, shares: Shares) -> _Tables:
        total = shares.control_events + shares.treatment_events
        events = np.arange(max(0, total - shares.control), min(shares.treatment, total) + 1)
        ways = _log_choose(shares.treatment, events) + _log_choose(shares.control, total - events)
        return cls(events, ways)

    @property
    def mirrored(self) -> _Tables:
        """The same tables with the odds turned around."""
        return _Tables(-self.events[::-1], self.log_ways[::-1])

    def chances(self, log_odds: float) -> Floats:
        logs = self.log_ways + log_odds * self.events
        chances: Floats = np.exp(logs - special.logsumexp(logs))
        return chances

    def above(self, observed: int, log_odds: float) -> float:
        return float(self.chances(log_odds)[self.events >= observed].sum())

    def below(self, observed: int, log_odds: float) -> float:
        return float(self.chances(log_odds)[self.events <= observed].sum())

    def odds_where_above(self, observed: int, chance: float) -> float:
        return _odds_at_root(lambda log_odds: self.above(observed, log_odds) - chance)

    def likeliest_odds(self, observed: int) -> float:
        return _odds_at_root(
            lambda log_odds: float(self.chances(log_odds) @ self.events) - observed
        )


def _odds_at_root(function: Callable[[float], float]) -> float:
    return math.exp(optimize.brentq(function, -_FAR, _FAR, xtol=1e-13))


def _log_choose(n: int, events: NDArray[np.int64]) -> Floats:
    logs: Floats = (
        special.gammaln(n + 1) - special.gammaln(events + 1) - special.gammaln(n - events + 1)
    )
    return logs
