"""Shares of small groups side by side, each drawn towards all of them: for display only.

Groups are thought to differ by a Beta(a, b), fitted by maximum likelihood of the beta-binomial; a
group's share is then (x + a)/(n + a + b) with the interval of its Beta. Source: Efron & Morris
1977; Robbins 1956. Intervals leave out that a and b are estimated. Never fed into a test, never a
ranking of teams.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from inference.arguments import ArgumentError, between, whole
from inference.comparison import Interval
from inference.proportions import wilson

Floats: TypeAlias = NDArray[np.float64]

_LOG_STRENGTH = (0.0, 20.0)
"""Of a + b: groups that hardly differ want infinity, all or nothing wants 0; Jeffreys' prior is the
vaguest that is used."""


class Group(msgspec.Struct, frozen=True):
    """Events among the units of one group."""

    events: int
    n: int


class ShrunkenShare(msgspec.Struct, frozen=True):
    """The share to show for a group, and where it lies."""

    share: float
    interval: Interval


class ShrunkenShares(msgspec.Struct, frozen=True, kw_only=True):
    """One share per group, in their order.

    `prior` holds a and b; it is absent where the groups differ no more than chance lets them, and
    all of them show the share of all units, with its Wilson interval.
    """

    shares: tuple[ShrunkenShare, ...]
    prior: tuple[float, float] | None


def shrink(groups: Sequence[Group], *, level: float = 0.95) -> ShrunkenShares | None:
    """Shares drawn towards each other; none where no group has a unit."""
    between("level", level, 0, 1)
    _refuse_impossible(groups)
    events, n = sum(group.events for group in groups), sum(group.n for group in groups)
    if n == 0:
        return None
    x, units = (
        np.array(column, dtype=np.float64)
        for column in zip(*((group.events, group.n) for group in groups), strict=True)
    )
    if _spread_beyond_chance(x, units) <= 0:
        pooled = ShrunkenShare(events / n, wilson(events, n, level=level))
        return ShrunkenShares(shares=(pooled,) * len(groups), prior=None)
    a, b = _likeliest_prior(x, units)
    shares = tuple(_shrunken(group, a, b, level) for group in groups)
    return ShrunkenShares(shares=shares, prior=(a, b))


def _shrunken(group: Group, a: float, b: float, level: float) -> ShrunkenShare:
    for_it, against = group.events + a, group.n - group.events + b
    share = for_it / (for_it + against)
    lower, upper = special.betaincinv(for_it, against, [(1 - level) / 2, (1 + level) / 2])
    # A very skewed Beta has its mean outside its central interval.
    return ShrunkenShare(share, Interval(min(share, float(lower)), max(share, float(upper))))


def _spread_beyond_chance(x: Floats, n: Floats) -> float:
    """Slope of the likelihood where a + b is infinite, towards groups that differ.

    ½Σ[x(x − 1)/p + (n − x)(n − x − 1)/q − n(n − 1)]: not above 0 where groups differ no more than
    binomial chance, and where there is nothing to differ (one group, all events, no events).
    """
    p = float(x.sum() / n.sum())
    if p in {0.0, 1.0}:
        return 0.0
    pairs = x * (x - 1) / p + (n - x) * (n - x - 1) / (1 - p) - n * (n - 1)
    slope = float(pairs.sum()) / 2
    # A rounding error of many pairs is no difference.
    return slope if slope > 1e-9 * float((n * (n - 1)).sum()) else 0.0


def _likeliest_prior(x: Floats, n: Floats) -> tuple[float, float]:
    def lost(point: Floats) -> tuple[float, Floats]:
        """Negative log likelihood and its gradient by (logit of the mean, log of a + b)."""
        mean, strength = float(special.expit(point[0])), math.exp(point[1])
        a, b = mean * strength, (1 - mean) * strength
        likelihood = (special.betaln(x + a, n - x + b) - special.betaln(a, b)).sum()
        common = special.psi(strength) - special.psi(n + strength)
        by_a = float((special.psi(x + a) - special.psi(a) + common).sum())
        by_b = float((special.psi(n - x + b) - special.psi(b) + common).sum())
        gradient = np.array([(by_a - by_b) * a * (1 - mean), by_a * a + by_b * b])
        return -float(likelihood), -gradient

    p = float(x.sum() / n.sum())
    starts = [np.array([special.logit(p), log_strength]) for log_strength in (1.0, 5.0)]
    fits = [
        optimize.minimize(
            lost, start, jac=True, method="L-BFGS-B", bounds=[(-30, 30), _LOG_STRENGTH]
        )
        for start in starts
    ]
    best = min(fits, key=lambda fit: float(fit.fun)).x
    mean, strength = float(special.expit(best[0])), math.exp(best[1])
    return mean * strength, (1 - mean) * strength


def _refuse_impossible(groups: Sequence[Group]) -> None:
    for place, group in enumerate(groups):
        n = whole(f"groups[{place}].n", group.n, at_least=0)
        if whole(f"groups[{place}].events", group.events, at_least=0) > n:
            raise ArgumentError(f"groups[{place}].events", f"must not be above n, {n}")
