"""Less noise: outcomes adjusted by a covariate measured before exposure (CUPED, ANCOVA).

The slope is estimated within arms; over pooled arms it would hold between-arm variation and
shrink the effect (Deng et al. 2013; Lin 2013). Misleads where the covariate was measured after
exposure; an imbalance of the arms at the start is an alarm, not something to adjust away.
"""

from __future__ import annotations

import msgspec
import numpy as np

from inference import reasons
from inference.arguments import whole
from inference.arms import Arms, arms_of_means, steps_of
from inference.comparison import Reason
from inference.differences import Differences, differences_of
from inference.exact import Floats, Integers, Quotients, Rows
from inference.moments import Moments
from inference.reasons import Reasons
from inference.sums import Sums
from inference.welch import welch_p_values

_ALARM = 0.001


class Regressions(msgspec.Struct, frozen=True, eq=False):
    """Arms with the regression of outcome on covariate within each of them.

    `products` and `squares` are Σ(x−x̄)(y−ȳ) and Σ(x−x̄)²; `residual` is the variance of a unit's
    outcome that the arm's own regression line leaves.
    """

    outcomes: Arms
    covariates: Arms
    products: Floats
    squares: Floats
    residual: Floats

    def take(self, rows: Rows) -> Regressions:
        """The arms of these rows, in their order."""
        return Regressions(
            self.outcomes.take(rows),
            self.covariates.take(rows),
            self.products[rows],
            self.squares[rows],
            self.residual[rows],
        )


def adjusted_difference(control: Moments, treatment: Moments, *, scale: int = 0) -> Differences:
    """Difference of two arms with Y − θ(X − X̄), X̄ over both, as columns of length one.

    θ = Σ_arms Σ(x−x̄)(y−ȳ) / Σ_arms Σ(x−x̄)²; the covariate may have any scale. A covariate that
    differs between the arms with p < 0.001 gives the reason in place of figures.
    """
    whole("scale", scale, at_least=0)
    sides = (Sums.of([moments]) for moments in (control, treatment))
    return adjusted_differences(*(regressions_of(side, steps=steps_of([scale])) for side in sides))


def regressions_of(sums: Sums, *, steps: Integers, outcomes: Arms | None = None) -> Regressions:
    """Arms of means with their regression on the covariate, which keeps its fixed-point steps.

    `outcomes` are the arms of means of these sums, where they are known already.
    """
    squares = sums.spread(sums.sum_xx, sums.sum_x, sums.sum_x)
    products = sums.spread(sums.sum_xy, sums.sum_x, sums.sum_y)
    n = np.where(sums.n > 0, sums.n, 1)
    return Regressions(
        outcomes or arms_of_means(sums, steps=steps),
        arms_of_means(_covariates(sums), steps=steps_of([0] * len(sums))),
        Quotients(products, n * steps).floats(),
        Quotients(squares, n).floats(),
        _residual(sums, products, squares, steps),
    )


def adjusted_differences(control: Regressions, treatment: Regressions) -> Differences:
    """`adjusted_difference` on columns."""
    plain = differences_of(control.outcomes, treatment.outcomes)
    before = differences_of(control.covariates, treatment.covariates)
    missing = _obstacles(plain, before)
    slope = _slope_within(control, treatment, missing)
    shift = slope * before.estimate
    usable = missing == reasons.NONE
    return Differences(
        plain.n_control,
        plain.n_treatment,
        np.where(usable, plain.estimate - shift, np.nan),
        plain.mean_control + shift * (plain.n_treatment / np.maximum(plain.n, 1)),
        plain.mean_treatment - shift * (plain.n_control / np.maximum(plain.n, 1)),
        _adjusted_variance(control, slope),
        _adjusted_variance(treatment, slope),
        missing,
    )


def _covariates(sums: Sums) -> Sums:
    nothing = sums.n * 0
    return Sums(sums.n, sums.sum_x, sums.sum_xx, *[nothing] * 6)


def _residual(sums: Sums, products: Integers, squares: Integers, steps: Integers) -> Floats:
    # (yy·xx − xy²)/xx in integers: in floats a good covariate would leave only rounding.
    spread = sums.spread(sums.sum_yy, sums.sum_y, sums.sum_y)
    there = squares > 0
    left = np.where(there, spread * squares - products**2, spread)
    variance = sums.per_unit_pairs(left)
    whole = variance.denominator * np.where(there, squares, 1) * steps**2
    return Quotients(variance.numerator, whole).floats()


def _obstacles(plain: Differences, before: Differences) -> Reasons:
    constant = reasons.where(before.is_constant, Reason.NO_COVARIATE)
    alarm = reasons.where(welch_p_values(before) < _ALARM, Reason.COVARIATE_IMBALANCE)
    return reasons.first(plain.reasons, before.reasons, constant, alarm)


def _slope_within(control: Regressions, treatment: Regressions, missing: Reasons) -> Floats:
    rows = np.flatnonzero(missing == reasons.NONE)
    slope = np.full(len(missing), np.nan)
    products = control.products[rows] + treatment.products[rows]
    slope[rows] = products / (control.squares[rows] + treatment.squares[rows])
    return slope


def _adjusted_variance(arms: Regressions, slope: Floats) -> Floats:
    """s²_Y − 2θs_XY + θ²s²_X, as what the arm's own line leaves plus what θ misses of it."""
    varies = arms.squares > 0
    own = np.divide(arms.products, arms.squares, out=np.zeros_like(slope), where=varies)
    variance: Floats = arms.residual + (slope - own) ** 2 * arms.covariates.variances
    return variance
