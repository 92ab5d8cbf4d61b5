"""A difference of means of few units: randomisation test with Welch's t, interval by inversion.

Whoever believes "treatment adds δ to every unit" takes δ away and asks in how many relabellings t
would be as far from zero; the interval holds every δ with a share above α. Sources: Fisher 1935;
Janssen 1997 (studentised, hence right for unequal variances). Misleads when watched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from inference.arguments import ArgumentError, between, whole, wholes
from inference.comparison import Comparison, Method, NotComparable, Reason, not_comparable
from inference.relabelling import Relabellings

Floats: TypeAlias = NDArray[np.float64]

_STEPS = 32
_FARTHEST = 2.0**20
"""In standard errors; where this is not far enough, one unit outweighs all others."""
_PRECISION = 1e-8
_LARGEST = 10**150
_TIE = 1e-9
_ROUNDING = 1e-12
"""Outcomes are 1 at most in the steps of `_Sums.unit`: an excess below it is zero."""


def compare_by_relabelling(
    control: Sequence[int],
    treatment: Sequence[int],
    relabellings: Relabellings,
    *,
    level: float = 0.95,
    scale: int = 0,
) -> Comparison | NotComparable:
    """Treatment minus control from unit outcomes in fixed-point steps, two-sided p and interval.

    p counts the real labels too, so it is never 0. Where so few units could not give a p of
    1 − level at all, there is no interval, and no result.
    """
    between("level", level, 0, 1)
    whole("scale", scale, at_least=0)
    outcomes = wholes("control", control), wholes("treatment", treatment)
    if min(map(len, outcomes)) < 2:
        return NotComparable(*_SHORTAGES[min(map(len, outcomes))])
    if relabellings.units != (len(outcomes[0]), len(outcomes[1])):
        raise ArgumentError("relabellings", "must be of as many units as there are outcomes")
    if max(map(abs, outcomes[0] + outcomes[1])) > _LARGEST:
        return NotComparable(Reason.OUT_OF_RANGE, "values are too large to be compared")
    sums = _sums_of(outcomes, relabellings)
    if sums.error == 0:
        return NotComparable(Reason.NO_VARIANCE, "neither arm varies")
    return _compared(sums, outcomes, level, scale)


def _compared(
    sums: _Sums, outcomes: tuple[tuple[int, ...], ...], level: float, scale: int
) -> Comparison | NotComparable:
    alpha, step = 1 - level, sums.unit * 10.0**-scale
    ends = [_end(sums, alpha, sign) for sign in (-1, 1)]
    if None in ends:
        return not_comparable(Reason.NO_POSSIBLE_P_VALUE)
    lower, upper = (
        sums.estimate + sign * end
        for sign, end in zip((-1, 1), ends, strict=True)
        if end is not None
    )
    p_value = sums.p_value(0.0)
    if p_value > alpha:
        lower, upper = min(lower, 0.0), max(upper, 0.0)
    return Comparison(
        method=Method.RANDOMISATION,
        estimate=sums.estimate * step,
        lower=lower * step,
        upper=upper * step,
        level=level,
        n_control=len(outcomes[0]),
        n_treatment=len(outcomes[1]),
        p_value=p_value,
        standard_error=sums.error * step,
        statistic=sums.estimate / sums.error,
    )


class _Sums(msgspec.Struct, frozen=True):
    """What every relabelling's t needs, for any δ: sums over the units it calls treated.

    With δ taken from the units that were treated, Σz = Σy − δ·k and Σz² = Σy² − 2δΣy' + δ²k, k and
    Σy' being over those of them that were treated indeed.
    """

    unit: float
    """Everything below counts in this many steps of the fixed point: squares stay floats."""
    n: int
    n_treated: int
    total: float
    total_squares: float
    total_treated: float
    y: Floats
    squares: Floats
    y_treated: Floats
    k: Floats
    same_groups: NDArray[np.bool_]
    """The real labels, and the same two groups with their names exchanged."""
    estimate: float
    error: float

    def p_value(self, difference: float) -> float:
        """Share of relabellings with a t as far from zero, δ taken away."""
        excess, variance = self._excess_and_variance(difference)
        # |t| ≥ |t₀| without division: a relabelling without variance counts as far away.
        observed = excess[0] if abs(excess[0]) > _ROUNDING * max(1.0, abs(difference)) else 0.0
        as_far = excess**2 * variance[0] >= observed**2 * variance * (1 - _TIE)
        # The same two groups are as far apart for every δ; far out rounding would deny it.
        return float(np.mean(as_far | self.same_groups))

    def _excess_and_variance(self, difference: float) -> tuple[Floats, Floats]:
        n_control = self.n - self.n_treated
        total = self.total - difference * self.n_treated
        squares = (
            self.total_squares
            - 2 * difference * self.total_treated
            + difference**2 * self.n_treated
        )
        y = self.y - difference * self.k
        yy = self.squares - 2 * difference * self.y_treated + difference**2 * self.k
        treated = yy - y**2 / self.n_treated
        control = squares - yy - (total - y) ** 2 / n_control
        variance = treated / (self.n_treated * (self.n_treated - 1)) + control / (
            n_control * (n_control - 1)
        )
        return y / self.n_treated - (total - y) / n_control, np.maximum(variance, 0.0)


def _sums_of(outcomes: tuple[tuple[int, ...], ...], relabellings: Relabellings) -> _Sums:
    control, treatment = outcomes
    # Exact until here: values of 1e9 with a deviation of 1 keep their digits once centred.
    centre = sum(control + treatment) // (len(control) + len(treatment))
    centred = [value - centre for value in control + treatment]
    unit = max(1, *map(abs, centred))
    y = np.array([value / unit for value in centred])
    labels, real = relabellings.treated.astype(np.float64), relabellings.treated[0]
    return _Sums(
        unit=float(unit),
        n=len(y),
        n_treated=len(treatment),
        total=float(y.sum()),
        total_squares=float(y @ y),
        total_treated=float(y[real].sum()),
        y=labels @ y,
        squares=labels @ y**2,
        y_treated=labels @ (y * real),
        k=labels @ real.astype(np.float64),
        same_groups=_same_groups(relabellings),
        estimate=float(y[real].mean() - y[~real].mean()),
        error=math.sqrt(y[real].var(ddof=1) / len(treatment) + y[~real].var(ddof=1) / len(control)),
    )


def _same_groups(relabellings: Relabellings) -> NDArray[np.bool_]:
    moved = (relabellings.treated != relabellings.treated[0]).sum(axis=1)
    same: NDArray[np.bool_] = (moved == 0) | (moved == relabellings.treated.shape[1])
    return same


def _end(sums: _Sums, alpha: float, sign: int) -> float | None:
    """How far from the estimate the interval ends on one side; None where it never does."""

    def held(distance: float) -> bool:
        return sums.p_value(sums.estimate + sign * distance) > alpha

    farthest = sums.error * _FARTHEST
    if held(farthest):
        return None
    # From afar inwards: a p-value that dips on the way must not shorten the interval.
    steps = np.geomspace(farthest, sums.error / 64, _STEPS)
    inside = next((step for step in steps if held(step)), 0.0)
    outside = min((step for step in steps if step > inside), default=farthest)
    return _last_held(held, float(inside), float(outside), sums.error * _PRECISION)


def _last_held(
    held: Callable[[float], bool], inside: float, outside: float, precision: float
) -> float:
    while outside - inside > precision:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if held(middle) else (inside, middle)
    return outside


_SHORTAGES = (
    (Reason.NO_UNITS, "an arm has no units"),
    (Reason.ONE_UNIT, "one unit has no variance"),
)
