"""Many questions at once: each comparison gets its own α, so that its interval is the decision.

Holm keeps the chance of any false finding in a family below α; Benjamini-Hochberg keeps the
expected share of false ones among the findings there, and with p = 1/E it is e-BH, valid under any
dependence. Sources: Holm 1979; Benjamini, Hochberg 1995; Benjamini, Yekutieli 2005; Wang, Ramdas
2022. Misleads when the family changes with what somebody opens: it is fixed at registration, and
what is not readable yet counts as not found.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.exact import Floats, Rows


class Correction(NamedTuple):
    """Per comparison: its own α, and the p-value that compares with the family's α."""

    alpha: Floats
    p_value: Floats


def holm(p_values: Floats, families: Rows, alpha: Floats) -> Correction:
    """Corrected step by step within each family; `alpha` is that of a row's family.

    The i-th smallest of m is found while p ≤ α/(m − i + 1), and none after the first that is not.
    A found row keeps the α of its step; the others have that of the step which failed. So an
    interval at a row's own α excludes "no difference" exactly where the row is found.
    """
    ranked = _ranked(p_values, families)
    step = np.maximum(ranked.size - ranked.rank + 1, 1)
    within = ranked.p <= ranked.table_of(alpha) / step
    found = np.logical_and.accumulate(within, axis=1).sum(axis=1, keepdims=True)
    own_step = ranked.size - np.minimum(ranked.rank, found + 1) + 1
    adjusted = np.maximum.accumulate(ranked.p * step, axis=1)
    return _correction(ranked, alpha, own_step, adjusted)


def benjamini_hochberg(p_values: Floats, families: Rows, alpha: Floats) -> Correction:
    """Corrected for the share of false findings within each family.

    The k smallest of m are found for the largest k with p_(k) ≤ αk/m. All rows of a family have
    α·max(k, 1)/m, which also keeps the share of intervals that miss among those found.
    """
    ranked = _ranked(p_values, families)
    step = ranked.size / ranked.rank
    within = ranked.p <= ranked.table_of(alpha) / step
    found = np.where(within, ranked.rank, 0).max(axis=1, keepdims=True, initial=1)
    own_step = np.broadcast_to(ranked.size / found, ranked.p.shape)
    # From the largest down; behind the last of a family stands nothing that could lower it.
    adjusted = np.minimum.accumulate((ranked.p * step)[:, ::-1], axis=1)[:, ::-1]
    return _correction(ranked, alpha, own_step, adjusted)


class _Ranked(NamedTuple):
    """p-values of a family in a line of the table, the smallest first, and then only infinity."""

    p: NDArray[np.float64]
    rank: NDArray[np.intp]
    size: NDArray[np.intp]
    line: Rows
    column: Rows

    def table_of(self, values: Floats) -> NDArray[np.float64]:
        """The values of rows in their places of the table."""
        table = np.zeros(self.p.shape)
        table[self.line, self.column] = values
        return table

    def back(self, table: NDArray[np.float64]) -> Floats:
        """The values of the table in the places of their rows."""
        return table[self.line, self.column]


def _ranked(p_values: Floats, families: Rows) -> _Ranked:
    _, line, size = np.unique(families, return_inverse=True, return_counts=True)
    order = np.lexsort((p_values, line))
    first = np.cumsum(size) - size
    column = np.empty(len(line), dtype=np.intp)
    column[order] = np.arange(len(line)) - first[line[order]]
    p = np.full((len(size), int(size.max(initial=0))), np.inf)
    p[line, column] = p_values
    return _Ranked(p, np.arange(1, p.shape[1] + 1), size[:, np.newaxis], line, column)


def _correction(
    ranked: _Ranked, alpha: Floats, step: NDArray[np.float64], adjusted: NDArray[np.float64]
) -> Correction:
    p_value = np.minimum(ranked.back(adjusted), 1.0)
    return Correction(alpha / ranked.back(step), p_value)
