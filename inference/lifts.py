"""Relative lift: the difference as a share of the control's mean, by delta, log scale or Fieller.

None where the control's mean is within two standard errors of zero. Sources: Fieller 1954; Deng,
Knoblich, Lu 2018; for the always-valid interval, on the log scale, Waudby-Smith et al.
(arXiv:2103.06476). Misleads as a second opinion: a lift and a difference are different questions,
so near the limit one interval may hold "no effect" and the other not. The difference decides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inference import reasons
from inference.arguments import ArgumentError, between
from inference.arms import Arm
from inference.comparison import Comparison, Method, NotComparable, Reason
from inference.comparisons import Comparisons, Figures, compared
from inference.differences import Differences, difference_of
from inference.exact import Floats, Rows
from inference.reasons import Reasons
from inference.sequences import (
    anytime_p_value,
    far_from_plan,
    log_e_value,
    squared_bound,
    tightest_rho_squared,
    within_variance,
)
from inference.welch import (
    TScale,
    degrees_of_freedom,
    satterthwaite,
    t_p_value,
    t_quantile,
    t_scale,
)

FIXED = (Method.LIFT_DELTA, Method.LIFT_LOG, Method.LIFT_FIELLER)


def compare_relative(
    control: Arm | NotComparable,
    treatment: Arm | NotComparable,
    *,
    method: Method = Method.LIFT_FIELLER,
    level: float = 0.95,
) -> Comparison | NotComparable:
    """Lift at one planned look; `ArgumentError` where `method` is none of the three for a lift."""
    between("level", level, 0, 1)
    _refuse_other(method)
    if isinstance(control, NotComparable):
        return control
    if isinstance(treatment, NotComparable):
        return treatment
    return lifts(difference_of(control, treatment), method=method, alpha=1 - level)[0]


def compare_relative_at_any_time(
    control: Arm | NotComparable,
    treatment: Arm | NotComparable,
    *,
    planned_units: float,
    alpha: float = 0.05,
) -> Comparison | NotComparable:
    """Lift with an interval that may be watched; `planned_units` counts both arms together."""
    if isinstance(control, NotComparable):
        return control
    if isinstance(treatment, NotComparable):
        return treatment
    rho_squared = np.array([tightest_rho_squared(planned_units, alpha=alpha)])
    return always_valid_lifts(difference_of(control, treatment), rho_squared, alpha=alpha)[0]


def lifts(differences: Differences, *, method: Method, alpha: Floats | float) -> Comparisons:
    """`compare_relative` on columns."""
    _refuse_other(method)
    if method is Method.LIFT_LOG:
        return compared(method, differences, _without_logarithm(differences), alpha, _log)
    if method is Method.LIFT_DELTA:
        return compared(method, differences, _without_lift(differences), alpha, _delta)
    return fieller_lifts(differences, alpha=alpha)


def _refuse_other(method: object) -> None:
    if method not in FIXED:
        raise ArgumentError("method", f"must be one of {', '.join(FIXED)}, not {method!r}")


def fieller_lifts(
    differences: Differences, *, alpha: Floats | float, scale: TScale | None = None
) -> Comparisons:
    """Lifts by Fieller; none where the control's mean may be zero at this level.

    `scale` is that of Welch's t for these differences and levels, where it is known already.
    """
    known = scale or t_scale(differences, alpha)
    least = known.critical**2 * differences.from_control
    missing = reasons.first(
        _without_lift(differences),
        reasons.where(least >= differences.mean_control**2, Reason.BASELINE_NEAR_ZERO),
    )

    def compute(found: Differences, _: Floats, rows: Rows) -> Figures:
        return _fieller(found, known.df[rows], known.critical[rows])

    return compared(Method.LIFT_FIELLER, differences, missing, alpha, compute)


def always_valid_lifts(
    differences: Differences, rho_squared: Floats, *, alpha: Floats | float
) -> Comparisons:
    """The always-valid interval for the logarithm of the ratio of means, as a lift.

    The standard error is that of the logarithm, pooled under "no difference" where that is larger.
    """
    missing = reasons.first(
        _without_logarithm(differences), far_from_plan(differences, rho_squared, alpha)
    )
    return compared(
        Method.LIFT_CONFIDENCE_SEQUENCE,
        differences,
        missing,
        alpha,
        lambda found, alphas, rows: _always_valid(found, rho_squared[rows], alphas),
    )


class _Logarithm(NamedTuple):
    """ln(x̄_T/x̄_C) and its variance from each arm: the squared coefficients of variation."""

    ratio: Floats
    from_control: Floats
    from_treatment: Floats

    @property
    def variance(self) -> Floats:
        return self.from_control + self.from_treatment


def _logarithm(differences: Differences) -> _Logarithm:
    return _Logarithm(
        # From the exact difference: the ratio of two close means would lose its digits.
        np.log1p(differences.estimate / differences.mean_control),
        differences.from_control / differences.mean_control**2,
        differences.from_treatment / differences.mean_treatment**2,
    )


def _log(differences: Differences, alpha: Floats, _: Rows) -> Figures:
    log = _logarithm(differences)
    n_c, n_t = differences.n_control.astype(float), differences.n_treatment.astype(float)
    df = satterthwaite(n_c, n_t, log.from_control, log.from_treatment)
    standard_error = np.sqrt(log.variance)
    statistic = log.ratio / standard_error
    return _lift_of_logarithm(
        log.ratio,
        t_quantile(df, alpha) * standard_error,
        Figures(
            *(np.expm1(log.ratio),) * 3,
            standard_error=standard_error,
            statistic=statistic,
            df=df,
            p_value=t_p_value(df, statistic),
        ),
    )


def _lift_of_logarithm(ratio: Floats, half_width: Floats, figures: Figures) -> Figures:
    return figures._replace(lower=np.expm1(ratio - half_width), upper=np.expm1(ratio + half_width))


def _always_valid(differences: Differences, rho_squared: Floats, alpha: Floats) -> Figures:
    log, n = _logarithm(differences), differences.n.astype(float)
    variance = np.maximum(log.variance, _pooled(differences))
    log_e = log_e_value(log.ratio, variance, n, rho_squared)
    return _lift_of_logarithm(
        log.ratio,
        np.sqrt(variance * squared_bound(n, rho_squared, alpha=alpha)),
        Figures(
            *(np.expm1(log.ratio),) * 3,
            standard_error=np.sqrt(variance),
            log_e=log_e,
            p_value=anytime_p_value(log_e),
        ),
    )


def _pooled(differences: Differences) -> Floats:
    """Variance of the logarithm under "no difference": both arms taken as one sample."""
    n_c, n_t = differences.n_control, differences.n_treatment
    pooled = within_variance(differences) + differences.estimate**2 / (differences.n - 1)
    mean = (n_c * differences.mean_control + n_t * differences.mean_treatment) / differences.n
    variance: Floats = pooled / mean**2
    return variance


def _delta(differences: Differences, alpha: Floats, _: Rows) -> Figures:
    control, ratio = differences.mean_control, differences.mean_treatment / differences.mean_control
    variance = (differences.from_treatment + ratio**2 * differences.from_control) / control**2
    lift, standard_error = differences.estimate / np.abs(control), np.sqrt(variance)
    df = degrees_of_freedom(differences)
    half_width = t_quantile(df, alpha) * standard_error
    statistic = lift / standard_error
    return Figures(
        lift,
        lift - half_width,
        lift + half_width,
        standard_error,
        statistic,
        df,
        t_p_value(df, statistic),
    )


def _fieller(differences: Differences, df: Floats, critical: Floats) -> Figures:
    """r/(1−g) ± t/(x̄_C(1−g))·√(r²a+(1−g)b) minus 1, g = t²a/x̄_C²; p that of the difference."""
    control = np.abs(differences.mean_control)
    room = 1 - critical**2 * differences.from_control / control**2
    # The ratio minus its sign, so that the lift of a negative mean keeps the difference's sign.
    lift = differences.estimate / control
    ratio = lift + np.sign(differences.mean_control)
    centre = (lift + np.sign(differences.mean_control) * (1 - room)) / room
    noise = np.sqrt(ratio**2 * differences.from_control + room * differences.from_treatment)
    spread = critical * noise / (control * room)
    standard_error = np.sqrt(differences.variance)
    statistic = differences.estimate / standard_error
    return Figures(
        lift,
        centre - spread,
        centre + spread,
        standard_error / control,
        statistic,
        df,
        t_p_value(df, statistic),
    )


def _without_lift(differences: Differences) -> Reasons:
    near_zero = differences.mean_control**2 <= 4 * differences.from_control
    return reasons.first(
        differences.reasons,
        reasons.where(near_zero, Reason.BASELINE_NEAR_ZERO),
        reasons.where(differences.is_constant, Reason.NO_VARIANCE),
    )


def _without_logarithm(differences: Differences) -> Reasons:
    below = (differences.mean_control <= 0) | (differences.mean_treatment <= 0)
    near_zero = differences.mean_treatment**2 <= 4 * differences.from_treatment
    return reasons.first(
        _without_lift(differences), reasons.where(below | near_zero, Reason.MEAN_NOT_POSITIVE)
    )
