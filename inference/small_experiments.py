"""Which pairs of an experiment are read from single units, and when.

Settled by the plan: fewer than 40 planned units in an arm. Shares are then watched by the exact
safe test; means and ratios wait for the registered end (the planned units are mature, or intake is
over and no window open) and are read once, on the planned units that matured first, so that later
units do not make another look. A larger experiment that ends with fewer units than that is read
once as well, wherever the always-valid interval has no result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from inference.comparison import Comparison, NotComparable, Reason
from inference.exact import Floats, Mask
from inference.layout import Layout, PairOfArms
from inference.plan import (
    FEWEST_PLANNED_UNITS,
    ArmPlan,
    ExperimentPlan,
    MetricMoments,
    MetricPlan,
    Observations,
    UnitOutcome,
)
from inference.unit_evidence import UnitEvidence, one_look, watched_evidence
from schemas.resources import MetricKind

Outcomes = tuple[UnitOutcome, ...]

FEWEST_UNITS = 10
"""In each arm before a share that may be watched is shown."""


class UnitRows(msgspec.Struct, frozen=True):
    """By row of a layout: the evidence that decides, or why there is none; and what stands beside.

    Rows that are in neither are read from moments.
    """

    deciding: Mapping[int, UnitEvidence] = {}
    missing: Mapping[int, Reason] = {}
    beside: Mapping[int, UnitEvidence] = {}

    def only(self, mask: Mask) -> UnitRows:
        """The rows of the mask: elsewhere something else keeps a reading from being made."""
        return UnitRows(*({r: v for r, v in rows.items() if mask[r]} for rows in self._rows()))

    def _rows(self) -> tuple[Mapping[int, Any], ...]:
        return self.deciding, self.missing, self.beside

    def put_p_values(self, p_values: Floats) -> Floats:
        """The p-values with those of the evidence in their rows."""
        found = p_values.copy()
        for row, evidence in self.deciding.items():
            found[row] = evidence.p_value
        return found

    def at(self, alpha: Floats) -> dict[int, Comparison | NotComparable]:
        """The deciding comparisons, each at the α of its row."""
        return {row: evidence.at(float(alpha[row])) for row, evidence in self.deciding.items()}

    def beside_at(self, alpha: Floats) -> dict[int, Comparison | NotComparable]:
        """The comparisons that stand beside, at the experiment's own α."""
        return {row: evidence.at(float(alpha[row])) for row, evidence in self.beside.items()}


NO_UNIT_ROWS = UnitRows()


def unit_rows_of(layout: Layout, observations: Observations, *, now: datetime) -> UnitRows:
    """What single units say about the pairs of one experiment, row by row."""
    deciding: dict[int, UnitEvidence] = {}
    missing: dict[int, Reason] = {}
    beside: dict[int, UnitEvidence] = {}
    for row, pair in enumerate(layout.pairs):
        units = _PairUnits.of(pair, observations, now)
        if pair.plan.is_small(pair.baseline, pair.variant):
            _note(row, _of_small(units), deciding, missing)
            if isinstance(exact := _beside(units), UnitEvidence):
                beside[row] = exact
        elif units.ended_early and isinstance(late := units.look(), UnitEvidence):
            deciding[row] = late
    return UnitRows(deciding, missing, beside)


def needs_unit_outcomes(
    plan: ExperimentPlan, counted: Mapping[tuple[str, str], MetricMoments], *, now: datetime
) -> bool:
    """Whether a reading asks for single units: for whoever would have to load them."""
    if not plan.randomised:
        return False
    arms = plan.control_first
    if any(plan.is_small(arms[0], arm) for arm in arms[1:]):
        return True
    return _is_over(plan, now) and any(
        _mature(counted, arm.variant, metric) < FEWEST_PLANNED_UNITS
        for metric in plan.metrics
        for arm in arms
    )


def all_windows_passed(
    plan: ExperimentPlan, metric: MetricPlan, observations: Observations, *, now: datetime
) -> bool:
    """Whether intake is over and no unit's window on this metric is open."""
    cells = (_cell(observations, arm, metric) for arm in plan.arms)
    return _is_over(plan, now) and not any(cell.still_open.n for cell in cells)


class _PairUnits(msgspec.Struct, frozen=True):
    """One pair of arms on one metric with its mature units, where they are known."""

    pair: PairOfArms
    baseline: Outcomes | None
    variant: Outcomes | None
    mature: tuple[int, int]
    still_open: int
    is_over: bool

    @classmethod
    def of(cls, pair: PairOfArms, observations: Observations, now: datetime) -> _PairUnits:
        arms = pair.baseline, pair.variant
        cells = [_cell(observations, arm, pair.metric) for arm in arms]
        return cls(
            pair,
            baseline=_outcomes(observations, pair.baseline, pair.metric),
            variant=_outcomes(observations, pair.variant, pair.metric),
            mature=(cells[0].mature.n, cells[1].mature.n),
            still_open=sum(cell.still_open.n for cell in cells),
            is_over=_is_over(pair.plan, now),
        )

    @property
    def planned(self) -> int:
        return math.ceil(self.pair.plan.planned_units_of(self.pair.baseline, self.pair.variant))

    @property
    def at_end(self) -> bool:
        """Whether the registered end has come: by units, or by time with no window open."""
        return sum(self.mature) >= self.planned or (self.is_over and self.still_open == 0)

    @property
    def ended_early(self) -> bool:
        """Whether an experiment planned larger is over with few units in an arm."""
        few = self.pair.plan.randomised and min(self.mature) < FEWEST_PLANNED_UNITS
        return few and self.is_over and self.still_open == 0

    def look(self) -> UnitEvidence | NotComparable | None:
        """One look at the planned units that matured first; none where units are not known."""
        if self.baseline is None or self.variant is None:
            return None
        places = sorted(unit.place for unit in (*self.baseline, *self.variant))[: self.planned]
        last = places[-1] if places else -1
        chosen = [
            [unit for unit in units if unit.place <= last]
            for units in (self.baseline, self.variant)
        ]
        return one_look(self.pair, *chosen)

    def watch(self) -> UnitEvidence | NotComparable | None:
        """All units, to be watched; none where units are not known."""
        if self.baseline is None or self.variant is None:
            return None
        return watched_evidence(self.pair, self.baseline, self.variant)


def _of_small(units: _PairUnits) -> UnitEvidence | Reason:
    if units.pair.metric.kind is MetricKind.CONVERSION:
        if min(units.mature) < FEWEST_UNITS and not units.at_end:
            return Reason.TOO_FEW_UNITS
        return _evidence_or_reason(units.watch())
    return _evidence_or_reason(units.look()) if units.at_end else Reason.BEFORE_REGISTERED_END


def _beside(units: _PairUnits) -> UnitEvidence | NotComparable | None:
    """The exact test of a share at the registered end: for one look, beside the watched one."""
    is_share = units.pair.metric.kind is MetricKind.CONVERSION
    return units.look() if is_share and units.at_end else None


def _evidence_or_reason(found: UnitEvidence | NotComparable | None) -> UnitEvidence | Reason:
    if found is None:
        return Reason.UNIT_OUTCOMES_MISSING
    return found.reason if isinstance(found, NotComparable) else found


def _note(
    row: int,
    found: UnitEvidence | Reason,
    deciding: dict[int, UnitEvidence],
    missing: dict[int, Reason],
) -> None:
    if isinstance(found, UnitEvidence):
        deciding[row] = found
    else:
        missing[row] = found


def _cell(observations: Observations, arm: ArmPlan, metric: MetricPlan) -> MetricMoments:
    return observations.moments.get((arm.variant, metric.key), MetricMoments())


def _outcomes(observations: Observations, arm: ArmPlan, metric: MetricPlan) -> Outcomes | None:
    if observations.unit_outcomes is None:
        return None
    found = observations.unit_outcomes.get((arm.variant, metric.key), ())
    sums = _cell(observations, arm, metric).mature
    if len(found) != sums.n or sum(unit.y for unit in found) != sums.sum_y:
        raise ValueError(
            f"unit_outcomes: those of ({arm.variant!r}, {metric.key!r}) are not its mature units"
        )
    return tuple(sorted(found, key=lambda unit: unit.place))


def _is_over(plan: ExperimentPlan, now: datetime) -> bool:
    return plan.ends_at is not None and now >= plan.ends_at


def _mature(
    counted: Mapping[tuple[str, str], MetricMoments], variant: str, metric: MetricPlan
) -> int:
    return counted.get((variant, metric.key), MetricMoments()).mature.n
