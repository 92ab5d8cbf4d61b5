"""An interval that stays valid however often one looks: the asymptotic confidence sequence.

Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (arXiv:2103.06476). ρ is fixed before the
start, so that the interval is tightest at the experiment's own planned size. Misleads in the first
few units, where outcomes still change after they were counted, and when ρ is changed after looking.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from scipy import special

from inference import reasons
from inference.arguments import above, error_rate
from inference.arms import Arm
from inference.comparison import Comparison, Method, NotComparable, Reason
from inference.comparisons import Comparisons, Figures, compared
from inference.differences import Differences, difference_of
from inference.exact import Counts, Floats
from inference.reasons import Reasons

Number = TypeVar("Number", float, Floats)


def compare_at_any_time(
    control: Arm | NotComparable,
    treatment: Arm | NotComparable,
    *,
    planned_units: float,
    alpha: float = 0.05,
) -> Comparison | NotComparable:
    """Treatment minus control with always-valid interval, log e-value and p-value.

    `planned_units` counts both arms together. The interval holds every difference that is not
    rejected, with the variance pooled under that very difference and never below what the arms'
    own variances give: a small arm that has not varied yet cannot feign certainty. So interval,
    e-value and p-value agree: zero is outside exactly where p < α.
    """
    if isinstance(control, NotComparable):
        return control
    if isinstance(treatment, NotComparable):
        return treatment
    rho_squared = np.array([tightest_rho_squared(planned_units, alpha=alpha)])
    return always_valid(difference_of(control, treatment), rho_squared, alpha=alpha)[0]


def always_valid(
    differences: Differences, rho_squared: Floats, *, alpha: Floats | float
) -> Comparisons:
    """`compare_at_any_time` on columns; ρ² is given, so that α may depend on the data."""
    missing = reasons.first(
        without_evidence(differences), far_from_plan(differences, rho_squared, alpha)
    )
    return compared(
        Method.CONFIDENCE_SEQUENCE,
        differences,
        missing,
        alpha,
        lambda found, alphas, rows: _always_valid(found, rho_squared[rows], alphas),
    )


def log_e_values(differences: Differences, rho_squared: Floats) -> Floats:
    """Evidence against "no difference" where there is any, else 0: the logarithm of 1."""
    rows = np.flatnonzero(without_evidence(differences) == reasons.NONE)
    found = np.zeros(len(differences))
    there = differences.take(rows)
    found[rows] = log_e_value(
        there.estimate, null_variance(there), _numbers(there.n), rho_squared[rows]
    )
    return found


def without_evidence(differences: Differences) -> Reasons:
    """Why a row has no e-value, where it has none."""
    constant = reasons.where(differences.is_constant, Reason.NO_VARIANCE)
    return reasons.first(differences.reasons, constant)


def far_from_plan(differences: Differences, rho_squared: Floats, alpha: Floats | float) -> Reasons:
    """Where so few of the planned units are there that every difference is possible."""
    n = np.maximum(_numbers(differences.n), 1)
    bound = squared_bound(n, rho_squared, alpha=alpha)
    return reasons.where(bound >= n - 1, Reason.FAR_FROM_PLAN)


def null_variance(differences: Differences) -> Floats:
    """Variance of the estimate under "no difference": that of both arms taken as one sample.

    The arms' own variances stand where they give more.
    """
    pooled = within_variance(differences) + differences.estimate**2 / (differences.n - 1)
    return np.maximum(differences.variance, pooled)


def within_variance(differences: Differences) -> Floats:
    """Variance of the estimate from the squares within arms, as a share of N − 1 units."""
    n_c, n_t = differences.n_control, differences.n_treatment
    squares = (n_c - 1) * differences.variance_control + (n_t - 1) * differences.variance_treatment
    within: Floats = squares / (n_c + n_t - 1) * (1 / n_c + 1 / n_t)
    return within


def tightest_rho_squared(planned_units: float, *, alpha: float) -> float:
    """ρ² that makes the interval tightest at `planned_units`: (−W₋₁(−α²/e) − 1) / t*."""
    error_rate("alpha", alpha)
    above("planned_units", planned_units, 0)
    return float(-special.lambertw(-(alpha**2) / math.e, -1).real - 1) / planned_units


def half_width(variance: Number, n: Number, rho_squared: Number, *, alpha: Number) -> Number:
    """√V·√N·√(2(Nρ²+1)/(N²ρ²)·ln(√(Nρ²+1)/α)), V being the variance of the estimate."""
    width: Number = np.sqrt(variance * squared_bound(n, rho_squared, alpha=alpha))
    return width


def squared_bound(n: Number, rho_squared: Number, *, alpha: Number | float) -> Number:
    """The value that d²/V of `n` units reaches with probability α at most, at any time."""
    information = n * rho_squared
    bound: Number = 2 * (1 + 1 / information) * (np.log1p(information) / 2 - np.log(alpha))
    return bound


def log_e_value(estimate: Number, variance: Number, n: Number, rho_squared: Number) -> Number:
    """Logarithm of the evidence against "no difference"; at least ln(1/α) with probability α."""
    information = n * rho_squared
    shrink = information / (information + 1)
    log_e: Number = shrink * estimate**2 / variance / 2 - np.log1p(information) / 2
    return log_e


def anytime_p_value(log_e: Floats) -> Floats:
    """min(1, 1/E)."""
    return np.exp(np.minimum(0.0, -log_e))


def _always_valid(differences: Differences, rho_squared: Floats, alpha: Floats) -> Figures:
    n = _numbers(differences.n)
    room = 1 - squared_bound(n, rho_squared, alpha=alpha) / (n - 1)
    widest = np.maximum(differences.variance, within_variance(differences) / room)
    spread = half_width(widest, n, rho_squared, alpha=alpha)
    variance = null_variance(differences)
    log_e = log_e_value(differences.estimate, variance, n, rho_squared)
    return Figures(
        estimate=differences.estimate,
        lower=differences.estimate - spread,
        upper=differences.estimate + spread,
        standard_error=np.sqrt(variance),
        log_e=log_e,
        p_value=anytime_p_value(log_e),
    )


def _numbers(counts: Counts) -> Floats:
    return counts.astype(np.float64)
