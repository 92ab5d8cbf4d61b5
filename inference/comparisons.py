"""Many comparisons at once: one column per figure, one row per comparison.

Every method is written once, on columns; a single comparison is a column of length one. A row
without result has a reason and no figure that could be taken for one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np

from inference import reasons
from inference.comparison import Comparison, Method, NotComparable, Reason, not_comparable
from inference.differences import Differences
from inference.exact import Counts, Floats, Mask, Rows, replaced
from inference.reasons import NONE, Reasons


class Figures(NamedTuple):
    """What a method computes for rows that have everything it needs."""

    estimate: Floats
    lower: Floats
    upper: Floats
    standard_error: Floats
    statistic: Floats | None = None
    df: Floats | None = None
    p_value: Floats | None = None
    log_e: Floats | None = None


class Comparisons(msgspec.Struct, frozen=True, eq=False):
    """Comparisons by one method; figures of rows with a reason are NaN and never leave."""

    method: Method
    reasons: Reasons
    figures: Figures
    alpha: Floats
    n_control: Counts
    n_treatment: Counts

    def __len__(self) -> int:
        return len(self.reasons)

    def __getitem__(self, row: int) -> Comparison | NotComparable:
        reason = reasons.reason_of(int(self.reasons[row]))
        if reason is not None:
            return not_comparable(reason)
        return Comparison(
            method=self.method,
            level=1 - float(self.alpha[row]),
            n_control=int(self.n_control[row]),
            n_treatment=int(self.n_treatment[row]),
            **_figures_of(self.figures, row),
        )

    @property
    def exists(self) -> Mask:
        """Whether a row has a result."""
        there: Mask = self.reasons == NONE
        return there

    @property
    def excludes_zero(self) -> Mask:
        """Whether "no difference" lies outside the interval; false where there is none."""
        excluded: Mask = (self.figures.lower > 0) | (self.figures.upper < 0)
        return excluded


def compared(
    method: Method,
    differences: Differences,
    missing: Reasons,
    alpha: Floats | float,
    compute: Callable[[Differences, Floats, Rows], Figures],
) -> Comparisons:
    """`compute(differences, alpha, rows)` on the rows that miss nothing.

    Figures beyond the range of floats become a reason, and so does an interval without width.
    """
    rows = np.flatnonzero(missing == NONE)
    alphas = np.broadcast_to(np.asarray(alpha, dtype=np.float64), missing.shape)
    with np.errstate(over="ignore", divide="ignore"):
        found = compute(differences.take(rows), alphas[rows], rows)
    flat, broken = (np.zeros(len(missing), dtype=bool) for _ in range(2))
    flat[rows] = found.lower == found.upper
    broken[rows] = ~_is_sound(found)
    return Comparisons(
        method,
        reasons.first(
            missing,
            reasons.where(flat, Reason.NO_VARIANCE),
            reasons.where(broken, Reason.OUT_OF_RANGE),
        ),
        _spread_out(found, rows, len(missing)),
        alphas,
        differences.n_control,
        differences.n_treatment,
    )


def _figures_of(figures: Figures, row: int) -> dict[str, float]:
    pairs = zip(Figures._fields, figures, strict=True)
    found = {name: float(column[row]) for name, column in pairs if column is not None}
    # A statistic may be absent in a single row: z of two arms in which nobody converted.
    return {name: figure for name, figure in found.items() if not math.isnan(figure)}


def _is_sound(figures: Figures) -> Mask:
    needed = (figures.estimate, figures.lower, figures.upper, figures.standard_error)
    sound: Mask = np.logical_and.reduce([np.isfinite(column) for column in needed])
    return sound


def _spread_out(figures: Figures, rows: Rows, length: int) -> Figures:
    empty = np.full(length, np.nan)
    spread = {
        name: replaced(empty, rows, column)
        for name, column in zip(Figures._fields, figures, strict=True)
        if column is not None
    }
    return Figures(**spread)
