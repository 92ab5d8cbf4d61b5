"""Less noise from several covariates measured before exposure (CUPED with many, ANCOVA).

Y − b·(X − X̄), the slopes b from the products *within* the arms, exact; then as for means. Sources:
Deng et al. 2013; Yang & Tsiatis 2001; Hotelling 1931 (alarm). Misleads where a covariate was
measured after exposure, and with many covariates for few units: their slopes are noise of their
own, so twenty units for each are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction

import msgspec
import numpy as np
from scipy import special

from inference import reasons
from inference.arguments import ArgumentError, between, whole
from inference.arms import Arm, Arms, arm_of_means
from inference.comparison import Comparison, NotComparable, Reason, not_comparable
from inference.covariate_moments import CovariateMoments
from inference.differences import differences_of
from inference.elimination import Eliminated, solve_semidefinite
from inference.moments import Moments
from inference.welch import compare_means, welch_p_values

FEWEST_UNITS_PER_COVARIATE = 20
"""In both arms together: the variance leaves out that k slopes are estimated, a share of 2k/N."""
_ALARM = 0.001
_CERTAIN = Fraction(10**12)
"""Arms so far apart have a p-value of 0; a distance beyond it need not be a float."""
_ENOUGH_LABELS = 5
"""Five units among a dozen can be chosen in fewer than 2,000 ways, among more in more than that."""


class DropReason(StrEnum):
    """Why a covariate is left out."""

    CONSTANT = "constant"
    COMBINATION = "combination"


class DroppedCovariate(msgspec.Struct, frozen=True):
    """A column that adds nothing: constant within the arms, or a combination of earlier ones."""

    place: int
    reason: DropReason


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """Two adjusted arms, for every method that compares arms of means.

    `slopes` are in the metric's units per step of the covariate, 0 for what was dropped.
    `imbalance_p_value` is that of all kept covariates together (Hotelling).
    """

    control: Arm
    treatment: Arm
    slopes: tuple[Fraction, ...]
    dropped: tuple[DroppedCovariate, ...]
    imbalance_p_value: float


def compare_adjusted(
    control: CovariateMoments, treatment: CovariateMoments, *, level: float = 0.95, scale: int = 0
) -> Comparison | NotComparable:
    """Treatment minus control, adjusted, by Welch's t: what `cuped` gives for one covariate.

    `scale` is the number of decimal places of the outcome. The estimate is the coefficient of the
    least-squares regression on arm and covariates; the standard error is HC2 of the adjusted
    outcomes on the arm. `ArgumentError` where the arms have different covariates.
    """
    between("level", level, 0, 1)
    found = adjust(control, treatment, scale=scale)
    if isinstance(found, NotComparable):
        return found
    return compare_means(found.control, found.treatment, level=level)


def adjust(
    control: CovariateMoments, treatment: CovariateMoments, *, scale: int = 0
) -> Adjustment | NotComparable:
    """Both arms with Y − b·(X − X̄), X̄ over both arms, mean and variance exact.

    b = (Σ_arms Σ(x−x̄)(x−x̄)')⁻¹ Σ_arms Σ(x−x̄)(y−ȳ). No result without units, without a covariate
    that varies within the arms, below `FEWEST_UNITS_PER_COVARIATE`, and where the arms differed
    before exposure: one covariate by Welch's t, or all of them by Hotelling's T², with p < 0.001.
    """
    whole("scale", scale, at_least=0)
    if control.covariates != treatment.covariates:
        raise ArgumentError(
            "treatment", f"must have {control.covariates} covariates, not {treatment.covariates}"
        )
    for side in (control, treatment):
        arm = arm_of_means(Moments(side.n, side.sum_y, side.sum_yy), scale=scale)
        if isinstance(arm, NotComparable):
            return arm
    return _adjusted(_Pair.of(control, treatment), 10**scale)


class _Pair(msgspec.Struct, frozen=True):
    """Two arms with the covariates' regression within them.

    `within` is n_C·n_T times the products within the arms; `distance` the difference of their mean
    covariates. `eliminated` holds the slopes, and the distance in terms of `within`.
    """

    control: CovariateMoments
    treatment: CovariateMoments
    within: tuple[tuple[int, ...], ...]
    distance: tuple[Fraction, ...]
    eliminated: Eliminated

    @classmethod
    def of(cls, control: CovariateMoments, treatment: CovariateMoments) -> _Pair:
        # Spreads are n times the products, so each is weighed with the units of the other arm.
        n_c, n_t = control.n, treatment.n
        within = tuple(
            tuple(n_t * c + n_c * t for c, t in zip(*rows, strict=True))
            for rows in zip(control.spread_xx(), treatment.spread_xx(), strict=True)
        )
        across = [
            Fraction(n_t * c + n_c * t)
            for c, t in zip(control.spread_xy(), treatment.spread_xy(), strict=True)
        ]
        distance = tuple(
            Fraction(t, n_t) - Fraction(c, n_c)
            for c, t in zip(control.sum_x, treatment.sum_x, strict=True)
        )
        found = solve_semidefinite(within, across, distance)
        return cls(control, treatment, within, distance, found)

    @property
    def n(self) -> int:
        return self.control.n + self.treatment.n

    @property
    def slopes(self) -> tuple[Fraction, ...]:
        return self.eliminated.solutions[0].x

    def squared_distance(self) -> Fraction:
        """(x̄_T − x̄_C)'·W⁻¹·(x̄_T − x̄_C) of the kept covariates, W being the products within."""
        weights = self.eliminated.solutions[1].x
        weighed = sum((w * d for w, d in zip(weights, self.distance, strict=True)), Fraction(0))
        return weighed * self.control.n * self.treatment.n

    def separates(self) -> bool:
        """Whether a combination of covariates is constant in each arm, and not the same in both."""
        return any(self.eliminated.solutions[1].leftover)


def _adjusted(pair: _Pair, step: int) -> Adjustment | NotComparable:
    joint = _joint_p_value(pair)
    reason = _obstacle(pair, joint)
    if reason is not None:
        return not_comparable(reason)
    slopes = tuple(slope / step for slope in pair.slopes)
    shift = sum((b * d for b, d in zip(slopes, pair.distance, strict=True)), Fraction(0))
    return Adjustment(
        control=_arm(pair.control, slopes, step, shift * pair.treatment.n / pair.n),
        treatment=_arm(pair.treatment, slopes, step, -shift * pair.control.n / pair.n),
        slopes=slopes,
        dropped=tuple(_dropped(pair)),
        imbalance_p_value=joint,
    )


def _arm(side: CovariateMoments, slopes: tuple[Fraction, ...], step: int, shift: Fraction) -> Arm:
    """Mean and variance of Y − b·(X − X̄): s²_Y − 2b's_XY + b'S_XX b."""
    spread = Fraction(side.spread_yy(), step * step)
    for b, across, row in zip(slopes, side.spread_xy(), side.spread_xx(), strict=True):
        spread -= 2 * b * across / step
        spread += b * sum((c * x for c, x in zip(slopes, row, strict=True)), Fraction(0))
    return Arm(side.n, Fraction(side.sum_y, side.n * step) + shift, spread / side.n / (side.n - 1))


def _obstacle(pair: _Pair, joint: float) -> Reason | None:
    kept = len(pair.eliminated.kept)
    out_of_range, lowest = _single_covariates(pair)
    if out_of_range:
        return Reason.OUT_OF_RANGE
    if _is_imbalanced(pair, min(joint, lowest)):
        return Reason.COVARIATE_IMBALANCE
    if kept == 0:
        return Reason.NO_COVARIATE
    return Reason.TOO_FEW_UNITS if pair.n < FEWEST_UNITS_PER_COVARIATE * kept else None


def _is_imbalanced(pair: _Pair, lowest: float) -> bool:
    # Arms that a covariate separates have no t; the labels themselves say how unlikely it is.
    fewer = min(pair.control.n, pair.treatment.n, _ENOUGH_LABELS)
    is_unlikely = math.comb(pair.n, fewer) > 2 / _ALARM
    return lowest < _ALARM or (is_unlikely and pair.separates())


def _single_covariates(pair: _Pair) -> tuple[bool, float]:
    """Whether a covariate is too large for floats; the lowest p of one covariate's difference."""
    sides = [Arms.of(list(_covariate_arms(side))) for side in (pair.control, pair.treatment)]
    differences = differences_of(*sides)
    p_values = welch_p_values(differences)
    return bool(np.any(differences.reasons != reasons.NONE)), float(
        np.fmin.reduce(p_values, initial=1)
    )


def _covariate_arms(side: CovariateMoments) -> Iterator[Arm]:
    pairs = side.n * (side.n - 1)
    for place, total in enumerate(side.sum_x):
        yield Arm(side.n, Fraction(total, side.n), Fraction(side.spread_xx()[place][place], pairs))


def _joint_p_value(pair: _Pair) -> float:
    """Of Hotelling's T²; 1 where fewer than two covariates, or too few units, have none."""
    kept = len(pair.eliminated.kept)
    left = pair.n - kept - 1
    if kept < 2 or left < 1:
        return 1.0
    distance = pair.squared_distance() * pair.control.n * pair.treatment.n / pair.n
    return float(special.fdtrc(kept, left, float(min(distance, _CERTAIN)) * left / kept))


def _dropped(pair: _Pair) -> Iterator[DroppedCovariate]:
    for place, row in enumerate(pair.within):
        if place not in pair.eliminated.kept:
            reason = DropReason.COMBINATION if row[place] else DropReason.CONSTANT
            yield DroppedCovariate(place, reason)
