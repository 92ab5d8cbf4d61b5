"""Exact tests for two shares of few units, at one look: Boschloo's and the exact score test.

Sources: Boschloo 1970; Chan & Zhang 1999 with the score of Farrington & Manning 1990.
Exact means: never more false alarms than α, whatever the share is. Misleads when watched (use the
safe test), and with units that were not the ones randomised.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import special

from inference.arguments import ArgumentError, between, whole
from inference.comparison import Comparison, Interval, Method, NotComparable, Reason
from inference.farrington_manning import score_statistics

Floats: TypeAlias = NDArray[np.float64]
Tables: TypeAlias = NDArray[np.bool_]

MOST_UNITS = 200
"""In an arm: above it the normal approximations hold, and enumeration takes seconds."""
_GRID, _ZOOMS = 129, 3
_STEPS, _PRECISION = 41, 1e-7
_TIE = 1e-9
"""Fisher's p of tables that are mirror images differ by rounding only."""


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """Converted units and all units of two arms."""

    control_events: int
    control: int
    treatment_events: int
    treatment: int

    def __post_init__(self) -> None:
        for events, units in (("control_events", "control"), ("treatment_events", "treatment")):
            n = whole(units, getattr(self, units), at_least=0)
            if whole(events, getattr(self, events), at_least=0) > n:
                raise ArgumentError(events, f"must not be above {units}, {n}")
            if n > MOST_UNITS:
                raise ArgumentError(units, f"must not be above {MOST_UNITS} for an exact test")

    @property
    def mirrored(self) -> Shares:
        """The arms exchanged."""
        return Shares(
            control_events=self.treatment_events,
            control=self.treatment,
            treatment_events=self.control_events,
            treatment=self.control,
        )


def compare_exactly(shares: Shares, *, level: float = 0.95) -> Comparison | NotComparable:
    """Difference of two shares with an exact p-value and an exact interval.

    The interval holds the differences that the exact score test does not reject, each side at
    (1 − level)/2; the p-value is the larger of Boschloo's and of that test's at zero, so interval
    and p-value never disagree about "no difference".
    """
    between("level", level, 0, 1)
    if min(shares.control, shares.treatment) < 1:
        return NotComparable(Reason.NO_UNITS, "an arm has no units")
    estimate = shares.treatment_events / shares.treatment - shares.control_events / shares.control
    p_value = max(boschloo_p_value(shares), score_p_value(shares))
    interval = _interval(shares, level)
    if p_value > 1 - level:
        interval = Interval(min(interval.lower, 0.0), max(interval.upper, 0.0))
    return Comparison(
        method=Method.BOSCHLOO,
        estimate=estimate,
        lower=interval.lower,
        upper=interval.upper,
        level=level,
        n_control=shares.control,
        n_treatment=shares.treatment,
        p_value=p_value,
    )


def boschloo_p_value(shares: Shares) -> float:
    """Two-sided: twice the smaller of the one-sided Boschloo p-values, at most 1."""
    return min(1.0, 2 * min(_boschloo_above(shares), _boschloo_above(shares.mirrored)))


def score_p_value(shares: Shares) -> float:
    """Two-sided p of the exact score test of "no difference": twice the smaller side."""
    return min(1.0, 2 * min(_score_above(shares, 0.0), _score_above(shares.mirrored, 0.0)))


def _boschloo_above(shares: Shares) -> float:
    """Largest chance, over all common shares, of a Fisher p as small as the observed."""
    fisher = _fisher_above(shares.control, shares.treatment)
    observed = fisher[shares.control_events, shares.treatment_events]
    return largest_chance(fisher <= observed * (1 + _TIE), 0.0)


def _score_above(shares: Shares, difference: float, *, zooms: int = _ZOOMS) -> float:
    """Largest chance of a score as large as observed where treatment − control is `difference`."""
    scores = score_statistics(shares.control, shares.treatment, difference)
    observed = scores[shares.control_events, shares.treatment_events]
    if np.isfinite(observed):
        observed -= _TIE * max(1.0, abs(observed))
    return largest_chance(scores >= observed, difference, zooms=zooms)


def largest_chance(tables: Tables, difference: float, *, zooms: int = _ZOOMS) -> float:
    """Largest chance of these tables over all pairs of shares that far apart.

    On a grid that is narrowed down around its highest point, `zooms` times.
    """
    low, high = max(0.0, -difference), min(1.0, 1 - difference)
    best = 0.0
    for _ in range(zooms + 1):
        # Denser towards 0 and 1, where few tables carry all of the chance.
        angles = np.linspace(np.arcsin(np.sqrt(low)), np.arcsin(np.sqrt(high)), _GRID)
        shares = np.sin(angles) ** 2
        chances = _chances(tables, shares, np.clip(shares + difference, 0, 1))
        top = int(chances.argmax())
        best = max(best, float(chances[top]))
        low, high = shares[max(0, top - 1)], shares[min(_GRID - 1, top + 1)]
    return min(1.0, best)


def _chances(tables: Tables, control: Floats, treatment: Floats) -> Floats:
    left = binomial_chances(tables.shape[0] - 1, control)
    right = binomial_chances(tables.shape[1] - 1, treatment)
    chances: Floats = np.sum((left @ tables) * right, axis=1)
    return chances


def binomial_chances(n: int, shares: Floats) -> Floats:
    """Chance of each number of events out of n, one row per share."""
    events = np.arange(n + 1)
    ways = special.gammaln(n + 1) - special.gammaln(events + 1) - special.gammaln(n - events + 1)
    logs = special.xlogy(events, shares[:, None]) + special.xlog1py(n - events, -shares[:, None])
    chances: Floats = np.exp(ways + logs)
    return chances


def _fisher_above(n_control: int, n_treatment: int) -> Floats:
    """One-sided Fisher p for "treatment is higher", by (control events, treatment events)."""
    # Given their sum, the events of treatment are hypergeometric; any common share does, and one
    # half keeps the chances of all tables within the floats.
    half = np.array([0.5])
    joint = np.outer(binomial_chances(n_control, half)[0], binomial_chances(n_treatment, half)[0])
    result = np.empty_like(joint)
    for total in range(n_control + n_treatment + 1):
        treatment = np.arange(max(0, total - n_control), min(n_treatment, total) + 1)
        tails = np.cumsum(joint[total - treatment, treatment][::-1])[::-1]
        result[total - treatment, treatment] = tails / tails[0]
    return result


def _interval(shares: Shares, level: float) -> Interval:
    side = (1 - level) / 2
    return Interval(_lower_limit(shares, side), -_lower_limit(shares.mirrored, side))


def _lower_limit(shares: Shares, side: float) -> float:
    """The smallest difference that "treatment is not higher by more" does not reject."""
    estimate = shares.treatment_events / shares.treatment - shares.control_events / shares.control
    # From the far end inwards: a p-value that dips on the way must not shorten the interval.
    steps = np.linspace(-1.0, estimate, _STEPS)
    held = next(
        (place for place, step in enumerate(steps) if _score_above(shares, step, zooms=0) > side),
        _STEPS - 1,
    )
    if held == 0:
        return -1.0
    outside, inside = float(steps[held - 1]), float(steps[held])
    while inside - outside > _PRECISION:
        middle = (outside + inside) / 2
        if _score_above(shares, middle, zooms=1) > side:
            inside = middle
        else:
            outside = middle
    return outside
