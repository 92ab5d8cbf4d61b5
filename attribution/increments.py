"""The differences that a batch makes to moments and counts: what was is taken, what is is put."""

from dataclasses import dataclass, field
from typing import NamedTuple

from attribution.definitions import Definition, MetricRule
from attribution.money import DAY_US
from attribution.outcomes import Outcome, capped, uncapped_outcome_of
from attribution.units import Entry, Stray, UnitState
from inference.moments import Moments
from schemas.resources import MetricKind


class Cell(NamedTuple):
    """Where a moments increment belongs. `day` counts days since 1970-01-01 UTC."""

    definition: int
    metric: int
    variant: int
    day: int


class Cohort(NamedTuple):
    """The units of one variant first exposed on one day."""

    definition: int
    variant: int
    day: int


class Uncapped(NamedTuple):
    """What a cap takes away: how many units' outcomes it cut, and the sums of all without it."""

    units: int = 0
    sum_y: int = 0
    sum_yy: int = 0


NO_CAP = Uncapped()
"""The metric has no cap: its moments are all there is to know."""


@dataclass(frozen=True, slots=True)
class CellIncrement:
    """Change of one cell: its moments, incomplete outcomes, and what its moments are uncapped."""

    moments: Moments
    incomplete: int
    uncapped: Uncapped = NO_CAP


@dataclass(frozen=True, slots=True)
class CohortCounts:
    """Exposed units, how many of them are mixed, and their exposure events."""

    units: int
    mixed: int
    exposures: int


_PLAIN = 10
_WITH_CAP = 13
"""How many sums a cell has: those of its moments, the incomplete ones, and those without a cap."""


@dataclass(slots=True)
class Increments:
    """Collects what changed; what is taken and put again unchanged cancels to nothing."""

    # Plain tuples inside: making a named one takes longer than the look-up it is for.
    _cells: dict[tuple[int, int, int, int], list[int]] = field(default_factory=dict)
    _cohorts: dict[tuple[int, int, int], list[int]] = field(default_factory=dict)
    _strays: dict[tuple[int, Stray], int] = field(default_factory=dict)
    _homes: set[tuple[int, str]] = field(default_factory=set)

    def take(self, definition: Definition, unit: UnitState) -> None:
        """Remove what the unit contributed so far."""
        self._book(definition, unit, -1)

    def put(self, definition: Definition, unit: UnitState) -> None:
        """Add what the unit contributes now."""
        self._book(definition, unit, 1)

    def count_one(
        self, definition_id: int, number: int, rule: MetricRule, unit: UnitState, *, in_window: bool
    ) -> None:
        """Add an event that counts 1 to the unit's sums, and book what that changes."""
        sums = unit.sums[number]
        y, x = sums.y, sums.x
        if in_window:
            sums.y = y + 1
        else:
            sums.x = x + 1
        if unit.is_mixed:
            return
        if rule.kind is MetricKind.CONVERSION:
            y, x, is_first = min(y, 1), min(x, 1), not (y if in_window else x)
            if not is_first:
                return
        total = self._total(definition_id, number, unit, rule)
        # From y to y + 1, the square of y grows by 2y + 1 and the product with x by x.
        if in_window:
            total[1] += 1
            total[2] += y + y + 1
            total[5] += x
        else:
            total[3] += 1
            total[4] += x + x + 1
            total[5] += y

    def change_outcome(
        self, definition: Definition, unit: UnitState, number: int, before: Outcome
    ) -> None:
        """Replace what the unit contributed on one metric, `before`, by what it contributes now."""
        if unit.is_mixed:
            return
        rule = definition.metrics[number]
        after = uncapped_outcome_of(rule, unit.sums[number], unit.first[0])
        if after == before:
            return
        total = self._total(definition.id, number, unit, rule)
        if rule.cap is not None:
            _add_uncapped(total, before.y, rule.cap, -1)
            _add_uncapped(total, after.y, rule.cap, 1)
            before, after = capped(before, rule.cap), capped(after, rule.cap)
        _change(total, before, after)

    def put_entry(self, definition: Definition, entry: Entry) -> None:
        """Add an entry, units and strays."""
        self._book_entry(definition, entry, 1)

    def replace_entry(
        self, definition: Definition, home: str, before: Entry | None, after: Entry | None
    ) -> None:
        """Book what a home holds now instead of what it held, after it was evaluated anew."""
        if before is not None:
            self._book_entry(definition, before, -1)
        if after is not None:
            self.put_entry(definition, after)
            if after.units and not (before and before.units):
                # It held no unit of the definition before and does now.
                self._homes.add((definition.id, home))

    def add_stray(self, definition: Definition, stray: Stray, count: int) -> None:
        """Count exposure events that exposed no unit."""
        key = (definition.id, stray)
        self._strays[key] = self._strays.get(key, 0) + count

    @property
    def homes(self) -> list[tuple[int, str]]:
        """Definitions and the homes that came to hold units of them."""
        return sorted(self._homes)

    @property
    def definitions(self) -> set[int]:
        """Definitions of which anything changed."""
        changed = {cell[0] for cell, sums in self._cells.items() if any(sums)}
        changed |= {cohort[0] for cohort, counts in self._cohorts.items() if any(counts)}
        return changed | {definition for (definition, _), count in self._strays.items() if count}

    @property
    def cells(self) -> dict[Cell, CellIncrement]:
        """Moments increments, zeros left out."""
        return {
            Cell(*cell): _cell_increment(sums)
            for cell, sums in sorted(self._cells.items())
            if any(sums)
        }

    @property
    def cohorts(self) -> dict[Cohort, CohortCounts]:
        """Count increments, zeros left out."""
        return {Cohort(*c): CohortCounts(*n) for c, n in sorted(self._cohorts.items()) if any(n)}

    @property
    def strays(self) -> dict[tuple[int, Stray], int]:
        """Stray increments, zeros left out."""
        return {key: count for key, count in sorted(self._strays.items()) if count}

    def _book_entry(self, definition: Definition, entry: Entry, sign: int) -> None:
        for unit in entry.units.values():
            self._book(definition, unit, sign)
        for stray in Stray:
            if entry.strays[stray]:
                self.add_stray(definition, stray, sign * entry.strays[stray])

    def _book(self, definition: Definition, unit: UnitState, sign: int) -> None:
        cohort = (definition.id, unit.variant, unit.first[0] // DAY_US)
        counts = self._cohorts.setdefault(cohort, [0, 0, 0])
        counts[0] += sign
        counts[1] += sign * unit.is_mixed
        counts[2] += sign * unit.exposures
        for number in range(len(unit.sums)):
            self._book_outcome(definition, unit, number, sign)

    def _book_outcome(
        self, definition: Definition, unit: UnitState, number: int, sign: int
    ) -> None:
        if unit.is_mixed:
            return
        rule = definition.metrics[number]
        outcome = uncapped_outcome_of(rule, unit.sums[number], unit.first[0])
        total = self._total(definition.id, number, unit, rule)
        if rule.cap is not None:
            _add_uncapped(total, outcome.y, rule.cap, sign)
            outcome = capped(outcome, rule.cap)
        _add(total, outcome, sign)

    def _total(
        self, definition_id: int, number: int, unit: UnitState, rule: MetricRule
    ) -> list[int]:
        cell = (definition_id, number, unit.variant, unit.first[0] // DAY_US)
        total = self._cells.get(cell)
        if total is None:
            total = self._cells[cell] = [0] * (_PLAIN if rule.cap is None else _WITH_CAP)
        return total


def _cell_increment(sums: list[int]) -> CellIncrement:
    if len(sums) == _PLAIN:
        return CellIncrement(Moments(*sums[:9]), sums[9])
    return CellIncrement(Moments(*sums[:9]), sums[9], Uncapped(*sums[_PLAIN:]))


def _add(total: list[int], outcome: Outcome, sign: int) -> None:
    y, d, x, incomplete = outcome
    total[0] += sign
    total[9] += sign * incomplete
    # Most outcomes are zero in most of their parts, and this is on the path of every event.
    if y:
        total[1] += sign * y
        total[2] += sign * y * y
    if x:
        total[3] += sign * x
        total[4] += sign * x * x
        total[5] += sign * x * y
    if d:
        total[6] += sign * d
        total[7] += sign * d * d
        total[8] += sign * y * d


def _change(total: list[int], before: Outcome, after: Outcome) -> None:
    y0, d0, x0, incomplete_before = before
    y1, d1, x1, incomplete_after = after
    total[1] += y1 - y0
    total[2] += y1 * y1 - y0 * y0
    # Most outcomes are zero in most of their parts, and this is on the path of every event.
    if x0 or x1:
        total[3] += x1 - x0
        total[4] += x1 * x1 - x0 * x0
        total[5] += x1 * y1 - x0 * y0
    if d0 or d1:
        total[6] += d1 - d0
        total[7] += d1 * d1 - d0 * d0
        total[8] += y1 * d1 - y0 * d0
    total[9] += incomplete_after - incomplete_before


def _add_uncapped(total: list[int], y: int, cap: int, sign: int) -> None:
    total[10] += sign * (y > cap)
    total[11] += sign * y
    total[12] += sign * y * y
