"""An interval that stays valid however often one looks: the asymptotic confidence sequence.

Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (arXiv:2103.06476). ρ is fixed before the
start, so that the interval is tightest at the experiment's own planned size. Misleads in the first
few units, where outcomes still change after they were counted, and when ρ is changed after looking.
"""

from __future__ import annotations

import math

from scipy import special

from inference.arms import Arm
from inference.comparison import Comparison, Method, NotComparable, Reason


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
    if control.variance == treatment.variance == 0:
        return NotComparable(Reason.NO_VARIANCE, "all units of both arms have the same value")
    n = control.n + treatment.n
    rho_squared = tightest_rho_squared(planned_units, alpha=alpha)
    if squared_bound(n, rho_squared, alpha=alpha) >= n - 1:
        return NotComparable(Reason.FAR_FROM_PLAN, "too few of the planned units for an interval")
    return _compared(control, treatment, rho_squared, alpha)


def _compared(control: Arm, treatment: Arm, rho_squared: float, alpha: float) -> Comparison:
    n = control.n + treatment.n
    estimate = float(treatment.mean - control.mean)
    own, within = control.mean_variance + treatment.mean_variance, _within(control, treatment)
    room = 1 - squared_bound(n, rho_squared, alpha=alpha) / (n - 1)
    spread = half_width(max(own, within / room), n, rho_squared, alpha=alpha)
    # Pooled under "no difference" is the variance of both arms taken as one sample.
    variance = max(own, within + estimate**2 / (n - 1))
    log_e = log_e_value(estimate, variance, n, rho_squared)
    return Comparison(
        method=Method.CONFIDENCE_SEQUENCE,
        estimate=estimate,
        lower=estimate - spread,
        upper=estimate + spread,
        level=1 - alpha,
        n_control=control.n,
        n_treatment=treatment.n,
        standard_error=math.sqrt(variance),
        log_e=log_e,
        p_value=math.exp(min(0.0, -log_e)),
    )


def tightest_rho_squared(planned_units: float, *, alpha: float) -> float:
    """ρ² that makes the interval tightest at `planned_units`: (−W₋₁(−α²/e) − 1) / t*."""
    if not 1e-100 <= alpha <= 0.5:
        raise ValueError(f"alpha must lie between 1e-100 and 0.5, not {alpha}")
    if not 0 < planned_units < math.inf:
        raise ValueError(f"planned_units must be above 0, not {planned_units}")
    return float(-special.lambertw(-(alpha**2) / math.e, -1).real - 1) / planned_units


def half_width(variance: float, n: int, rho_squared: float, *, alpha: float) -> float:
    """√V·√N·√(2(Nρ²+1)/(N²ρ²)·ln(√(Nρ²+1)/α)), V being the variance of the estimate."""
    return math.sqrt(variance * squared_bound(n, rho_squared, alpha=alpha))


def squared_bound(n: int, rho_squared: float, *, alpha: float) -> float:
    """The value that d²/V of `n` units reaches with probability α at most, at any time."""
    information = n * rho_squared
    return 2 * (1 + 1 / information) * (math.log1p(information) / 2 - math.log(alpha))


def log_e_value(estimate: float, variance: float, n: int, rho_squared: float) -> float:
    """Logarithm of the evidence against "no difference"; at least ln(1/α) with probability α."""
    information = n * rho_squared
    shrink = information / (information + 1)
    return shrink * estimate**2 / variance / 2 - math.log1p(information) / 2


def _within(control: Arm, treatment: Arm) -> float:
    n = control.n + treatment.n
    squares = (control.n - 1) * control.variance + (treatment.n - 1) * treatment.variance
    return float(squares / (n - 1)) * (1 / control.n + 1 / treatment.n)
