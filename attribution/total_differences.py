"""Compares a definition's stored totals with the sum over all homes, cell by cell. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from attribution.definitions import Definition
from attribution.differences import (
    CellPlace,
    Check,
    CohortPlace,
    DefinitionPlace,
    Difference,
    Place,
    day_of,
)
from attribution.increments import Increments
from attribution.recomputation import Standing
from attribution.state_differences import name_of_metric, name_of_variant, strays_agree
from attribution.units import Stray
from inference.moments import Moments

CELL_FIELDS = (*Moments.__struct_fields__, "incomplete", "capped_units", "sum_u", "sum_uu")
COHORT_FIELDS = ("units", "mixed_units", "exposures")

Sums = tuple[int | str, ...]
"""As stored or summed; a stored sum that is no whole number stays as it is written."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one definition: cells by (metric, variant, day), cohorts by (variant, day), strays."""

    cells: Mapping[tuple[int, int, int], Sums]
    cohorts: Mapping[tuple[int, int], Sums]
    strays: Mapping[int, int]


class UnitTotals(msgspec.Struct, frozen=True):
    """What a definition comes to: its units, the mixed ones, exposure events, repeats, strays."""

    units: int
    mixed_units: int
    exposures: int
    repeats: int
    strays: int


def totals_by_definition(standing: Iterable[Standing], increments: Increments) -> dict[int, Totals]:
    """Return what was recomputed, for each definition."""
    cells: dict[int, dict[tuple[int, int, int], Sums]] = {}
    cohorts: dict[int, dict[tuple[int, int], Sums]] = {}
    strays: dict[int, dict[int, int]] = {}
    for cell, change in increments.cells.items():
        sums = (*msgspec.structs.astuple(change.moments), change.incomplete, *change.uncapped)
        cells.setdefault(cell.definition, {})[cell.metric, cell.variant, cell.day] = sums
    for cohort, counts in increments.cohorts.items():
        counted = (counts.units, counts.mixed, counts.exposures)
        cohorts.setdefault(cohort.definition, {})[cohort.variant, cohort.day] = counted
    for (definition, stray), count in increments.strays.items():
        strays.setdefault(definition, {})[int(stray)] = count
    ids = [one.definition.id for one in standing]
    return {
        key: Totals(cells.get(key, {}), cohorts.get(key, {}), strays.get(key, {})) for key in ids
    }


def differences_of_totals(one: Standing, stored: Totals, recomputed: Totals) -> list[Difference]:
    """Return every field of every cell, cohort and count that differs; absent is zero."""
    return [
        *_of_cells(one.definition, stored, recomputed),
        *_of_cohorts(one.definition, stored, recomputed),
        *_of_strays(one, stored, recomputed),
    ]


def unit_totals(totals: Totals) -> UnitTotals:
    """Add up the counts of all cohorts."""
    units, mixed, exposures = (
        sum(int(counts[field]) for counts in totals.cohorts.values()) for field in range(3)
    )
    strays = sum(totals.strays.values())
    return UnitTotals(units, mixed, exposures, exposures - units, strays)


def _of_cells(definition: Definition, stored: Totals, now: Totals) -> list[Difference]:
    found: list[Difference] = []
    for key in sorted(stored.cells.keys() | now.cells.keys()):
        metric, variant, day = key
        place = CellPlace(
            definition.id,
            definition.experiment,
            name_of_metric(definition, metric),
            name_of_variant(definition, variant),
            day_of(day),
        )
        pair = (stored.cells.get(key), now.cells.get(key))
        found += _of_fields(Check.MOMENTS, place, CELL_FIELDS, *pair)
    return found


def _of_cohorts(definition: Definition, stored: Totals, now: Totals) -> list[Difference]:
    found: list[Difference] = []
    for key in sorted(stored.cohorts.keys() | now.cohorts.keys()):
        variant, day = key
        place = CohortPlace(
            definition.id,
            definition.experiment,
            name_of_variant(definition, variant),
            day_of(day),
        )
        pair = (stored.cohorts.get(key), now.cohorts.get(key))
        found += _of_fields(Check.COHORTS, place, COHORT_FIELDS, *pair)
    return found


def _of_fields(
    check: Check, place: Place, fields: Sequence[str], stored: Sums | None, now: Sums | None
) -> list[Difference]:
    zeros = (0,) * len(fields)
    pairs = zip(fields, stored or zeros, now or zeros, strict=True)
    return [
        Difference(check, place, name, str(was), str(computed))
        for name, was, computed in pairs
        if was != computed
    ]


def _of_strays(one: Standing, stored: Totals, now: Totals) -> list[Difference]:
    place = DefinitionPlace(one.definition.id, one.definition.experiment)
    known = {int(stray): stray for stray in Stray}
    found = []
    for reason in sorted(stored.strays.keys() | now.strays.keys()):
        was, computed = stored.strays.get(reason, 0), now.strays.get(reason, 0)
        stray = known.get(reason)
        if stray is None:
            found.append(Difference(Check.STRAYS, place, str(reason), str(was), None))
        elif not strays_agree(stray, was, computed, may_lack_old=one.lacks_old_exposures):
            values = (str(was), str(computed))
            found.append(Difference(Check.STRAYS, place, stray.name.lower(), *values))
    return found
