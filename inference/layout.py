"""What is to be compared, in columns: the cells of experiments and the pairs of arms on them.

A layout follows from the plans alone, so it is made once per registration and read many times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import msgspec
import numpy as np

from inference.arms import steps_of
from inference.exact import Floats, Integers, Mask, Rows
from inference.plan import ArmPlan, ExperimentPlan, MetricPlan
from inference.sequences import tightest_rho_squared
from schemas.resources import MetricKind


class Cells(msgspec.Struct, frozen=True, eq=False):
    """One row per experiment, metric and arm, the control first; fixed-point steps in a unit."""

    steps: Integers
    denominator_steps: Integers
    is_ratio: Mask
    is_conversion: Mask
    has_covariate: Mask


class PairRows(msgspec.Struct, frozen=True, eq=False):
    """One row per experiment, metric and pair of arms; `baseline` and `variant` are cells.

    `family` numbers what is corrected together, `by_holm` how; a guardrail is a family by itself.
    `is_small` rows are read from single units, not from their moments. `wanted` is 1 where a
    rise is wanted, else −1; `equivalence` is NaN where none is registered.
    """

    experiment: Rows
    baseline: Rows
    variant: Rows
    planned_units: Floats
    alpha: Floats
    rho_squared: Floats
    family: Rows
    by_holm: Mask
    is_conversion: Mask
    is_ratio: Mask
    has_covariate: Mask
    is_guardrail: Mask
    is_randomised: Mask
    is_small: Mask
    is_invalidated: Mask
    wanted: Floats
    equivalence: Floats
    margin: Floats

    def __len__(self) -> int:
        return len(self.experiment)


class PairOfArms(NamedTuple):
    """Which arms a row compares, and on what."""

    plan: ExperimentPlan
    metric: MetricPlan
    baseline: ArmPlan
    variant: ArmPlan


class Layout(msgspec.Struct, frozen=True, eq=False):
    """Cells and pairs of experiments, in the order of the plans and their metrics."""

    plans: tuple[ExperimentPlan, ...]
    cells: Cells
    rows: PairRows
    pairs: tuple[PairOfArms, ...]


def layout_of(plans: Sequence[ExperimentPlan]) -> Layout:
    """All metrics of all plans, every pair of arms: those with the control and then the others."""
    metrics = [(plan, metric) for plan in plans for metric in plan.metrics]
    drawn = list(_rows_of(plans))
    return Layout(
        tuple(plans),
        _cells([metric for plan, metric in metrics for _ in plan.arms]),
        _pair_rows(drawn),
        tuple(row.pair for row in drawn),
    )


class _Row(NamedTuple):
    experiment: int
    baseline: int
    variant: int
    planned_units: float
    family: int
    is_primary: bool
    is_small: bool
    pair: PairOfArms


class _Places(NamedTuple):
    """How many experiments, cells and families come before."""

    experiment: int
    cell: int
    family: int


def _rows_of(plans: Sequence[ExperimentPlan]) -> Iterator[_Row]:
    cell = family = 0
    for experiment, plan in enumerate(plans):
        places = _Places(experiment, cell, family)
        yield from _rows_of_plan(plan, places)
        cell += len(plan.metrics) * len(plan.arms)
        family += _SHARED_FAMILIES + len(plan.metrics) * len(plan.arms) ** 2


_SHARED_FAMILIES = 2
"""The primary one, and the one of everything else that is no guardrail."""


def _rows_of_plan(plan: ExperimentPlan, places: _Places) -> Iterator[_Row]:
    arms = plan.control_first
    pairs = list(combinations(range(len(arms)), 2))
    planned = [plan.planned_units_of(arms[i], arms[j]) for i, j in pairs]
    small = [plan.is_small(arms[i], arms[j]) for i, j in pairs]
    registered = [plan.is_registered(arms[i], arms[j]) for i, j in pairs]
    own_family = places.family + _SHARED_FAMILIES
    for number, metric in enumerate(plan.metrics):
        cell = places.cell + number * len(arms)
        for place, (i, j) in enumerate(pairs):
            is_primary = metric.role == "primary" and registered[place]
            shared = places.family + (0 if is_primary else 1)
            own_family += 1
            yield _Row(
                places.experiment,
                cell + i,
                cell + j,
                planned[place],
                own_family if metric.role == "guardrail" else shared,
                is_primary,
                small[place],
                PairOfArms(plan, metric, arms[i], arms[j]),
            )


def _cells(metrics: Sequence[MetricPlan]) -> Cells:
    return Cells(
        steps_of([metric.scale for metric in metrics]),
        steps_of([metric.denominator_scale for metric in metrics]),
        _mask(metric.kind is MetricKind.RATIO for metric in metrics),
        _mask(metric.kind is MetricKind.CONVERSION for metric in metrics),
        _mask(_is_adjusted(metric) for metric in metrics),
    )


def _pair_rows(rows: Sequence[_Row]) -> PairRows:
    metrics = [row.pair.metric for row in rows]
    planned = _floats(row.planned_units for row in rows)
    alpha = _floats(row.pair.plan.alpha for row in rows)
    _, family = np.unique(_places(row.family for row in rows), return_inverse=True)
    return PairRows(
        experiment=_places(row.experiment for row in rows),
        baseline=_places(row.baseline for row in rows),
        variant=_places(row.variant for row in rows),
        planned_units=planned,
        alpha=alpha,
        rho_squared=_rho_squared(planned, alpha, family),
        family=family,
        by_holm=_mask(row.is_primary for row in rows),
        is_conversion=_mask(metric.kind is MetricKind.CONVERSION for metric in metrics),
        is_ratio=_mask(metric.kind is MetricKind.RATIO for metric in metrics),
        has_covariate=_mask(_is_adjusted(metric) for metric in metrics),
        is_guardrail=_mask(metric.role == "guardrail" for metric in metrics),
        is_randomised=_mask(row.pair.plan.randomised for row in rows),
        is_small=_mask(row.is_small for row in rows),
        is_invalidated=_mask(metric.is_invalidated for metric in metrics),
        wanted=_floats(1 if metric.direction == "increase" else -1 for metric in metrics),
        equivalence=_floats(metric.equivalence or np.nan for metric in metrics),
        margin=_floats(metric.margin or 0.0 for metric in metrics),
    )


def _rho_squared(planned: Floats, alpha: Floats, family: Rows) -> Floats:
    """Tuned at α/m, the first step of a family of m, which never changes with the data."""
    first_step = alpha / np.bincount(family)[family]
    levels, row = np.unique(first_step, return_inverse=True)
    tuned = _floats(tightest_rho_squared(1, alpha=float(level)) for level in levels)
    return tuned[row] / planned


def _is_adjusted(metric: MetricPlan) -> bool:
    # A ratio would need Σxd as well, which moments do not hold.
    return metric.has_covariate and metric.kind is not MetricKind.RATIO


def _floats(values: Iterator[float]) -> Floats:
    return np.array(list(values), dtype=np.float64)


def _places(values: Iterator[int]) -> Rows:
    return np.array(list(values), dtype=np.intp)


def _mask(values: Iterator[bool]) -> Mask:
    return np.array(list(values), dtype=np.bool_)
