"""The differences that a batch makes to moments and counts: what was is taken, what is is put."""

from dataclasses import dataclass, field
from typing import NamedTuple

from attribution.definitions import Definition
from attribution.money import DAY_US
from attribution.outcomes import outcome_of
from attribution.units import Entry, Stray, UnitState
from inference.moments import Moments


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


@dataclass(frozen=True, slots=True)
class CellIncrement:
    """Change of one cell: its moments, and how many units' outcomes are incomplete."""

    moments: Moments
    incomplete: int


@dataclass(frozen=True, slots=True)
class CohortCounts:
    """Exposed units, how many of them are mixed, and their exposure events."""

    units: int
    mixed: int
    exposures: int


@dataclass(slots=True)
class Increments:
    """Collects what changed; what is taken and put again unchanged cancels to nothing."""

    _cells: dict[Cell, list[int]] = field(default_factory=dict)
    _cohorts: dict[Cohort, list[int]] = field(default_factory=dict)
    _strays: dict[tuple[int, Stray], int] = field(default_factory=dict)

    def take(self, definition: Definition, unit: UnitState) -> None:
        """Remove what the unit contributed so far."""
        self._book(definition, unit, -1)

    def put(self, definition: Definition, unit: UnitState) -> None:
        """Add what the unit contributes now."""
        self._book(definition, unit, 1)

    def take_entry(self, definition: Definition, entry: Entry) -> None:
        """Remove an entry, units and strays."""
        self._book_entry(definition, entry, -1)

    def put_entry(self, definition: Definition, entry: Entry) -> None:
        """Add an entry, units and strays."""
        self._book_entry(definition, entry, 1)

    def add_stray(self, definition: Definition, stray: Stray, count: int) -> None:
        """Count exposure events that exposed no unit."""
        key = (definition.id, stray)
        self._strays[key] = self._strays.get(key, 0) + count

    @property
    def cells(self) -> dict[Cell, CellIncrement]:
        """Moments increments, zeros left out."""
        return {
            cell: CellIncrement(Moments(*sums[:9]), sums[9])
            for cell, sums in sorted(self._cells.items())
            if any(sums)
        }

    @property
    def cohorts(self) -> dict[Cohort, CohortCounts]:
        """Count increments, zeros left out."""
        return {c: CohortCounts(*n) for c, n in sorted(self._cohorts.items()) if any(n)}

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
        day = unit.first[0] // DAY_US
        counts = self._cohorts.setdefault(Cohort(definition.id, unit.variant, day), [0, 0, 0])
        counts[0] += sign
        counts[1] += sign * unit.is_mixed
        counts[2] += sign * unit.exposures
        if not unit.is_mixed:
            self._book_outcomes(definition, unit, day, sign)

    def _book_outcomes(self, definition: Definition, unit: UnitState, day: int, sign: int) -> None:
        for number, (rule, sums) in enumerate(zip(definition.metrics, unit.sums, strict=True)):
            y, d, x, incomplete = outcome_of(rule, sums, unit.first[0])
            cell = Cell(definition.id, number, unit.variant, day)
            total = self._cells.setdefault(cell, [0] * 10)
            terms = (1, y, y * y, x, x * x, x * y, d, d * d, y * d, incomplete)
            for position, term in enumerate(terms):
                total[position] += sign * term
