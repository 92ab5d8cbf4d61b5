"""A comparison at one of a few registered looks: t against the boundary of that look.

Lan and DeMets' spending of α in the manner of O'Brien and Fleming (1983). A boundary for z becomes
one for Welch's t by its tail probability. Misleads when somebody looks in between, when the planned
information is taken for the observed one, and with a handful of units at the first looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import special

from inference import reasons
from inference.arguments import ArgumentError, above
from inference.arms import Arm
from inference.comparison import Comparison, Method, NotComparable, Reason
from inference.comparisons import Comparisons, Figures, compared
from inference.differences import Differences, difference_of
from inference.exact import Floats, Rows
from inference.looks import PlannedLooks, boundaries
from inference.reasons import Reasons
from inference.welch import degrees_of_freedom, t_quantile


def compare_at_look(
    control: Arm | NotComparable,
    treatment: Arm | NotComparable,
    *,
    information: Sequence[float],
    alpha: float = 0.05,
) -> Comparison | NotComparable:
    """Treatment minus control at the last of the looks so far, with a repeated interval.

    `information` holds the share of the planned units at each look up to this one, as observed:
    rising, above 0 and 1 at most. The interval excludes zero exactly where t crosses the boundary.
    """
    if isinstance(control, NotComparable):
        return control
    if isinstance(treatment, NotComparable):
        return treatment
    critical = np.array([boundary_of(tuple(information), alpha)])
    differences = difference_of(control, treatment)
    return at_look(differences, differences.reasons, critical, alpha=alpha)[0]


def at_look(
    differences: Differences, missing: Reasons, critical: Floats, *, alpha: Floats | float
) -> Comparisons:
    """`compare_at_look` on columns; `critical` is each row's boundary for a normal |z|."""
    constant = reasons.where(differences.variance == 0, Reason.NO_VARIANCE)

    def compute(found: Differences, _: Floats, rows: Rows) -> Figures:
        return _at_look(found, critical[rows])

    missing = reasons.first(missing, differences.reasons, constant)
    return compared(Method.GROUP_SEQUENTIAL, differences, missing, alpha, compute)


@lru_cache(maxsize=1024)
def boundary_of(information: tuple[float, ...], alpha: float) -> float:
    """The |z| to cross at the last of these looks, two-sided.

    What comes later does not matter: a look may spend the growth of the spending function since the
    one before.
    """
    if not information:
        raise ArgumentError("information", "must have at least one look")
    before = 0.0
    for place, share in enumerate(information):
        before = above(f"information[{place}]", share, before)
    if before > 1:
        raise ArgumentError("information", f"must not rise above 1, as {before:g} does")
    rest = () if information[-1] == 1 else (1.0,)
    return boundaries(PlannedLooks(information + rest), alpha=alpha)[len(information) - 1]


def _at_look(differences: Differences, critical: Floats) -> Figures:
    standard_error = np.sqrt(differences.variance)
    df = degrees_of_freedom(differences)
    half_width = t_quantile(df, 2 * special.ndtr(-critical)) * standard_error
    return Figures(
        estimate=differences.estimate,
        lower=differences.estimate - half_width,
        upper=differences.estimate + half_width,
        standard_error=standard_error,
        statistic=differences.estimate / standard_error,
        df=df,
    )
