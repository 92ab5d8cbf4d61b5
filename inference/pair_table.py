"""Reads every pair of every metric of any number of experiments at once, from exact sums.

One experiment and a thousand take the same path: columns, one row per pair. The always-valid
interval decides, at the row's own α from its family; everything else stands beside it. Rows of
experiments with few units are decided by what single units say instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from inference import reasons
from inference.arms import Arms, arms_of_means
from inference.comparison import Comparison, NotComparable, Reason
from inference.comparisons import Comparisons
from inference.cuped import adjusted_differences, regressions_of
from inference.differences import Differences, differences_of
from inference.exact import Floats, Mask, Rows
from inference.families import Correction, benjamini_hochberg, holm
from inference.group_sequential import at_look, boundary_of
from inference.layout import Cells, Layout, PairRows
from inference.lifts import always_valid_lifts, fieller_lifts
from inference.proportions import proportions, refuse_other_than_0_and_1
from inference.ratios import arms_of_ratios
from inference.reasons import Reasons
from inference.sequences import always_valid, anytime_p_value, far_from_plan, log_e_values
from inference.small_experiments import NO_UNIT_ROWS, UnitRows
from inference.statuses import FLOORS, Limits, Statuses, below_the_floors, statuses_of
from inference.sums import Sums
from inference.welch import t_scale, welch


class PairTable(msgspec.Struct, frozen=True, eq=False):
    """One row per pair of the layout; a row with a reason has no figures in any comparison.

    `corrected` has the α of each row's interval, and the p-value to compare with the family's α.
    `looks` is the number of registered looks reached; `by_units` has the deciding comparison of the
    rows that single units decide, `beside` the exact one-look test of a share at the registered
    end.
    """

    statuses: Statuses
    reasons: Reasons
    corrected: Correction
    always_valid: Comparisons
    fixed: Comparisons
    proportions: Comparisons
    lift: Comparisons
    lift_fixed: Comparisons
    adjusted: Comparisons
    adjusted_fixed: Comparisons
    at_look: Comparisons
    looks: Rows
    by_units: Mapping[int, Comparison]
    beside: Mapping[int, Comparison]


def read_pairs(
    layout: Layout, sums: Sums, obstacles: Reasons, units: UnitRows = NO_UNIT_ROWS
) -> PairTable:
    """All pairs of a layout; `sums` has its cells, `obstacles` one reason per experiment.

    `units` is what single units say of the rows that are read from them.

    Outcomes of a conversion that are not all 0 or 1 raise `MomentsError`.
    """
    rows = layout.rows
    refuse_other_than_0_and_1(sums.take(np.flatnonzero(layout.cells.is_conversion)))
    arms = arms_of(layout.cells, sums)
    differences = _differences(layout, sums, arms, obstacles)
    units = units.only(_open_to_units(rows, differences))
    corrected = _corrected(rows, differences, units)
    deciding = always_valid(differences, rows.rho_squared, alpha=corrected.alpha)
    by_units = units.at(corrected.alpha)
    limits = _limits(deciding, units, by_units)
    shown = msgspec.structs.replace(differences, reasons=deciding.reasons)
    looks, critical = _looks(layout, shown)
    adjusted = _adjusted(layout, sums, arms, deciding.reasons)
    scale = t_scale(shown, rows.alpha)
    return PairTable(
        statuses_of(rows, limits),
        limits.reasons,
        corrected,
        deciding,
        welch(shown, alpha=rows.alpha, scale=scale),
        proportions(shown, _only(shown, rows.is_conversion), alpha=rows.alpha),
        always_valid_lifts(shown, rows.rho_squared, alpha=corrected.alpha),
        fieller_lifts(shown, alpha=rows.alpha, scale=scale),
        always_valid(adjusted, rows.rho_squared, alpha=corrected.alpha),
        welch(adjusted, alpha=rows.alpha),
        at_look(shown, _only(shown, looks > 0), critical, alpha=rows.alpha),
        looks,
        _there(by_units),
        _there(units.beside_at(rows.alpha)),
    )


def arms_of(cells: Cells, sums: Sums) -> Arms:
    """The arm of every cell: a mean, or a ratio where the metric is one."""
    means = arms_of_means(sums, steps=cells.steps)
    rows = np.flatnonzero(cells.is_ratio)
    if not len(rows):
        return means
    found = arms_of_ratios(
        sums.take(rows), steps=cells.steps[rows], denominator_steps=cells.denominator_steps[rows]
    )
    return means.with_rows(rows, found)


def _differences(layout: Layout, sums: Sums, arms: Arms, obstacles: Reasons) -> Differences:
    rows = layout.rows
    found = differences_of(arms.take(rows.baseline), arms.take(rows.variant))
    floors = below_the_floors(rows, sums)
    changed = reasons.where(rows.is_invalidated, Reason.DEFINITION_CHANGED)
    small = reasons.where(rows.is_small, Reason.UNIT_OUTCOMES_MISSING)
    missing = reasons.first(obstacles[rows.experiment], changed, small, floors, found.reasons)
    return msgspec.structs.replace(found, reasons=missing)


def _open_to_units(rows: PairRows, differences: Differences) -> Mask:
    """Rows that moments leave without a result, but for more units: single units may speak."""
    too_far = far_from_plan(differences, rows.rho_squared, rows.alpha)
    missing = reasons.first(differences.reasons, too_far)
    return np.isin(missing, [reasons.code_of(reason) for reason in FLOORS])


def _limits(
    deciding: Comparisons, units: UnitRows, by_units: Mapping[int, Comparison | NotComparable]
) -> Limits:
    """The intervals that decide, from moments and from units, and why a row has none."""
    missing = deciding.reasons.copy()
    lower, upper = deciding.figures.lower.copy(), deciding.figures.upper.copy()
    for row, reason in units.missing.items():
        missing[row] = reasons.code_of(reason)
    for row, found in by_units.items():
        if isinstance(found, NotComparable):
            missing[row] = reasons.code_of(found.reason)
        else:
            missing[row], lower[row], upper[row] = reasons.NONE, found.lower, found.upper
    return Limits(missing, lower, upper)


def _there(found: Mapping[int, Comparison | NotComparable]) -> dict[int, Comparison]:
    return {row: one for row, one in found.items() if isinstance(one, Comparison)}


def _corrected(rows: PairRows, differences: Differences, units: UnitRows) -> Correction:
    by_moments = anytime_p_value(log_e_values(differences, rows.rho_squared))
    p_values = units.put_p_values(by_moments)
    by_holm = holm(p_values, rows.family, rows.alpha)
    by_share = benjamini_hochberg(p_values, rows.family, rows.alpha)
    return Correction(
        np.where(rows.by_holm, by_holm.alpha, by_share.alpha),
        np.where(rows.by_holm, by_holm.p_value, by_share.p_value),
    )


def _adjusted(layout: Layout, sums: Sums, arms: Arms, missing: Reasons) -> Differences:
    """Covariate-adjusted differences; rows of other metrics have `DOES_NOT_APPLY`."""
    rows = layout.rows
    cells = np.flatnonzero(layout.cells.has_covariate)
    lines = regressions_of(
        sums.take(cells), steps=layout.cells.steps[cells], outcomes=arms.take(cells)
    )
    own = np.flatnonzero(rows.has_covariate)
    found = adjusted_differences(
        lines.take(np.searchsorted(cells, rows.baseline[own])),
        lines.take(np.searchsorted(cells, rows.variant[own])),
    )
    whole = found.spread_over(own, len(rows))
    return msgspec.structs.replace(whole, reasons=reasons.first(missing, whole.reasons))


def _only(differences: Differences, mask: Mask) -> Reasons:
    return reasons.first(differences.reasons, reasons.apply_only(mask))


def _looks(layout: Layout, differences: Differences) -> tuple[Rows, Floats]:
    """How many registered looks each pair has reached, and the boundary of the last of them."""
    looks = np.zeros(len(layout.rows), dtype=np.intp)
    critical = np.full(len(layout.rows), np.nan)
    for row in _rows_with_looks(layout):
        plan = layout.pairs[row].plan
        share = differences.n[row] / layout.rows.planned_units[row]
        looks[row] = sum(look <= share for look in plan.looks)
        if looks[row]:
            critical[row] = boundary_of(plan.looks[: looks[row]], plan.alpha)
    return looks, critical


def _rows_with_looks(layout: Layout) -> Iterator[int]:
    with_looks = np.array([bool(plan.looks) for plan in layout.plans], dtype=bool)
    yield from map(int, np.flatnonzero(with_looks[layout.rows.experiment]))
