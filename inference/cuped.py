"""Less noise: outcomes adjusted by a covariate measured before exposure (CUPED, ANCOVA).

The slope is estimated within arms; over pooled arms it would hold between-arm variation and
shrink the effect (Deng et al. 2013; Lin 2013). Misleads where the covariate was measured after
exposure; an imbalance of the arms at the start is an alarm, not something to adjust away.
"""

from __future__ import annotations

from fractions import Fraction

from inference.arms import Arm, arm_in_range, arm_of_means
from inference.comparison import Comparison, NotComparable, Reason
from inference.moments import Moments
from inference.welch import compare_means

_IMBALANCE = NotComparable(
    Reason.COVARIATE_IMBALANCE, "the arms differed before exposure (p < 0.001)"
)


def adjusted_arms(
    control: Moments, treatment: Moments, *, scale: int = 0
) -> tuple[Arm | NotComparable, Arm | NotComparable]:
    """Both arms with Y − θ(X − X̄), X̄ over both arms; the covariate may have any scale.

    θ = Σ_arms Σ(x−x̄)(y−ȳ) / Σ_arms Σ(x−x̄)². A covariate that differs between the arms with
    p < 0.001 gives the reason in place of figures.
    """
    obstacle = _obstacle(control, treatment)
    if obstacle is not None:
        return obstacle, obstacle
    slope = _slope_within(control, treatment)
    centre = (control + treatment).covariate_mean
    return (
        _adjusted(control, slope, centre, scale),
        _adjusted(treatment, slope, centre, scale),
    )


def _obstacle(control: Moments, treatment: Moments) -> NotComparable | None:
    before = compare_means(*(_arm_of_covariates(arm) for arm in (control, treatment)))
    if isinstance(before, Comparison):
        return _IMBALANCE if _is_alarming(before) else None
    if before.reason is Reason.NO_VARIANCE:
        return NotComparable(Reason.NO_COVARIATE, "the covariate does not vary within the arms")
    return before


def _arm_of_covariates(moments: Moments) -> Arm | NotComparable:
    return arm_of_means(Moments(moments.n, moments.sum_x, moments.sum_xx))


def _is_alarming(before: Comparison) -> bool:
    return before.p_value is not None and before.p_value < 0.001


def _slope_within(control: Moments, treatment: Moments) -> Fraction:
    arms = (control, treatment)
    squares = sum((arm.n - 1) * arm.covariate_variance for arm in arms)
    products = sum((arm.n - 1) * arm.covariate_covariance for arm in arms)
    return Fraction(products) / squares


def _adjusted(
    moments: Moments, slope: Fraction, centre: Fraction, scale: int
) -> Arm | NotComparable:
    step = Fraction(1, 10**scale)
    mean = moments.mean - slope * (moments.covariate_mean - centre)
    variance = (
        moments.variance
        + slope**2 * moments.covariate_variance
        - 2 * slope * moments.covariate_covariance
    )
    return arm_in_range(moments.n, mean * step, variance * step**2)
