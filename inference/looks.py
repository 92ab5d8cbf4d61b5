"""How often an experiment will be read, as what it costs in units: one look, planned looks, always.

`drift` is the true difference in standard errors at the last look. Each way of looking says which
drift it needs for a power, and which power a drift gives. Sources: Lan & DeMets 1983 (spending);
Armitage, McPherson & Rowe 1969 (recursive integration); Waudby-Smith et al., arXiv:2103.06476.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from inference.arguments import ArgumentError, above, between, error_rate, finite, whole
from inference.sequences import squared_bound, tightest_rho_squared

Floats: TypeAlias = NDArray[np.float64]

_MOST_LOOKS = 30
"""Boundaries are for a handful of looks; whoever watches every day takes `AnyTime`."""
_FAR = 8.0
"""No path crosses eight standard errors: a bound beyond it is no bound."""


class Spending(StrEnum):
    """How the error α is spent over planned looks."""

    OBRIEN_FLEMING = "obrien_fleming"
    POCOCK = "pocock"


class SingleLook(msgspec.Struct, frozen=True):
    """The data are read once, at the planned end."""

    def critical(self, alpha: float) -> float:
        """z of 1 − α/2."""
        return -float(special.ndtri(error_rate("alpha", alpha) / 2))

    def drift_for(self, power: float, *, alpha: float) -> float:
        """z of 1 − α/2 plus z of the power."""
        return self.critical(alpha) + float(special.ndtri(between("power", power, 0, 1)))

    def power_of(self, drift: float, *, alpha: float) -> float:
        """Chance to exclude zero at the look, either side."""
        return _power_at(self.critical(alpha), drift)


class AnyTime(msgspec.Struct, frozen=True):
    """The always-valid interval decides, whenever anybody looks.

    `reached` is the size of the experiment in planned units: 1 where it ends as planned. The power
    counts the last look only, and so is a lower bound.
    """

    reached: float = 1.0

    def __post_init__(self) -> None:
        above("reached", self.reached, 0)

    def critical(self, alpha: float) -> float:
        """The |d|/√V at which the confidence sequence excludes zero."""
        # The bound depends on N·ρ² alone, and ρ² is inversely proportional to the planned units.
        information = self.reached * tightest_rho_squared(1, alpha=alpha)
        return math.sqrt(squared_bound(1, information, alpha=alpha))

    def drift_for(self, power: float, *, alpha: float) -> float:
        """The critical value plus z of the power."""
        return self.critical(alpha) + float(special.ndtri(between("power", power, 0, 1)))

    def power_of(self, drift: float, *, alpha: float) -> float:
        """Chance that the interval excludes zero at the end, either side."""
        return _power_at(self.critical(alpha), drift)


class PlannedLooks(msgspec.Struct, frozen=True):
    """Group sequential: looks at registered fractions of the units, the last of them at 1."""

    fractions: tuple[float, ...]
    spending: Spending = Spending.OBRIEN_FLEMING

    def __post_init__(self) -> None:
        _refuse_disorder(self.fractions)
        if not isinstance(self.spending, Spending):
            raise ArgumentError("spending", f"must be a Spending, not {self.spending!r}")

    @classmethod
    def evenly(cls, looks: int, spending: Spending = Spending.OBRIEN_FLEMING) -> PlannedLooks:
        """That many looks at equal distances."""
        count = whole("looks", looks, at_least=1)
        return cls(tuple((look + 1) / count for look in range(count)), spending)

    def critical(self, alpha: float) -> float:
        """The bound of the single look it is measured against."""
        return SingleLook().critical(alpha)

    def drift_for(self, power: float, *, alpha: float) -> float:
        """Root of the crossing probability: the drift at which some look excludes zero."""
        bounds = boundaries(self, alpha=alpha)
        single = SingleLook().drift_for(power, alpha=alpha)
        return float(
            optimize.brentq(
                lambda drift: sum(crossing_chances(bounds, self.fractions, drift)) - power,
                0.0,
                3 * single + 3,
                xtol=1e-10,
            )
        )

    def power_of(self, drift: float, *, alpha: float) -> float:
        """Chance that some look excludes zero, either side."""
        finite("drift", drift)
        return sum(crossing_chances(boundaries(self, alpha=alpha), self.fractions, drift))


Looks = SingleLook | AnyTime | PlannedLooks


def inflation(looks: Looks, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """How many times the units of a single look this way of looking needs, for the same power."""
    single = SingleLook().drift_for(power, alpha=alpha)
    return (looks.drift_for(power, alpha=alpha) / single) ** 2


@functools.lru_cache(maxsize=1024)
def boundaries(looks: PlannedLooks, *, alpha: float) -> tuple[float, ...]:
    """|d|/√V at which each look excludes zero; two-sided, α/2 spent on each side."""
    error_rate("alpha", alpha)
    spent = [_spent(fraction, alpha / 2, looks.spending) for fraction in looks.fractions]
    bounds: list[float] = []
    state = _START
    for look, total in enumerate(spent):
        move = _move(looks.fractions, look, drift=0.0)
        bounds.append(_bound(state, move, total - (spent[look - 1] if look else 0.0)))
        state = _continued(state, bounds[-1], move)
    return tuple(bounds)


def crossing_chances(
    bounds: Sequence[float], fractions: Sequence[float], drift: float
) -> tuple[float, ...]:
    """Chance that each look is the first whose |d|/√V reaches its bound, either side."""
    chances: list[float] = []
    state = _START
    for look, bound in enumerate(bounds):
        move = _move(fractions, look, drift)
        chances.append(_crossing_chance(state, bound, move))
        state = _continued(state, bound, move)
    return tuple(chances)


class _Move(msgspec.Struct, frozen=True):
    """From one look to the next: where it ends, its standard deviation and its mean."""

    fraction: float
    deviation: float
    mean: float


class _Continuing(msgspec.Struct, frozen=True):
    """Where the Brownian path may be while no bound was reached, with quadrature masses."""

    values: Floats
    masses: Floats


_START = _Continuing(np.zeros(1), np.ones(1))


def _move(fractions: Sequence[float], look: int, drift: float) -> _Move:
    gained = fractions[look] - (fractions[look - 1] if look else 0.0)
    return _Move(fractions[look], math.sqrt(gained), drift * gained)


def _crossing_chance(state: _Continuing, bound: float, move: _Move) -> float:
    limit = _limit(bound, move)
    over = special.ndtr((state.values + move.mean - limit) / move.deviation)
    under = special.ndtr((-limit - state.values - move.mean) / move.deviation)
    return float(state.masses @ (over + under))


def _continued(state: _Continuing, bound: float, move: _Move) -> _Continuing:
    values, weights = _quadrature(_limit(bound, move), move.deviation)
    distance = (values[:, None] - state.values[None, :] - move.mean) / move.deviation
    density = np.exp(-(distance**2) / 2) @ state.masses
    return _Continuing(values, density * weights / (move.deviation * math.sqrt(2 * math.pi)))


def _limit(bound: float, move: _Move) -> float:
    return min(bound, _FAR) * math.sqrt(move.fraction)


def _quadrature(limit: float, step: float) -> tuple[Floats, Floats]:
    """Gauss-Legendre in panels of two standard deviations of the step, on [-limit, limit]."""
    nodes, weights = _legendre()
    panels = math.ceil(limit / step)
    half = limit / panels
    centres = half * (2 * np.arange(panels) + 1) - limit
    return (centres[:, None] + half * nodes).ravel(), np.tile(half * weights, panels)


@functools.cache
def _legendre() -> tuple[Floats, Floats]:
    # Sixteen nodes a panel integrate the normal density to 1e-10.
    return np.polynomial.legendre.leggauss(16)


def _bound(state: _Continuing, move: _Move, to_spend: float) -> float:
    def excess(bound: float) -> float:
        return _crossing_chance(state, bound, move) - 2 * to_spend

    if excess(_FAR) >= 0:
        return _FAR
    return float(optimize.brentq(excess, 0.0, _FAR, xtol=1e-12))


def _spent(fraction: float, side: float, spending: Spending) -> float:
    if spending is Spending.POCOCK:
        return side * math.log1p((math.e - 1) * fraction)
    return 2 * float(special.ndtr(special.ndtri(side / 2) / math.sqrt(fraction)))


def _power_at(critical: float, drift: float) -> float:
    finite("drift", drift)
    return float(special.ndtr(drift - critical) + special.ndtr(-drift - critical))


def _refuse_disorder(fractions: tuple[float, ...]) -> None:
    if not 1 <= len(fractions) <= _MOST_LOOKS:
        raise ArgumentError("fractions", f"must be 1 to {_MOST_LOOKS} looks, not {len(fractions)}")
    before = 0.0
    for place, fraction in enumerate(fractions):
        before = above(f"fractions[{place}]", fraction, before)
    if before != 1:
        raise ArgumentError("fractions", f"must end with 1, not {before:g}")
