"""The outcomes of single units, where they are few: what exact methods are computed from."""

from dataclasses import dataclass

from attribution.definitions import Definition
from attribution.outcomes import Outcome, outcome_of
from attribution.units import UnitState
from storage.definition_homes import entries_of_definition, has_more_homes
from storage.definitions import DefinitionBody
from storage.pool import Connection


@dataclass(frozen=True, slots=True)
class UnitOutcomes:
    """One unit that met one variant: its number, when it was exposed, an outcome per metric."""

    variant: int
    exposed_us: int
    outcomes: tuple[Outcome, ...]


async def unit_outcomes(
    connection: Connection, definition_id: int, body: DefinitionBody, *, most: int
) -> tuple[UnitOutcomes, ...] | None:
    """Return all units that are not mixed, by exposure; None where more than `most` homes have any.

    Read in one snapshot with the moments, the outcomes add up to them exactly. Homes are counted
    before any state is read, and those that no longer hold a unit count too.
    """
    if await has_more_homes(connection, definition_id, than=most):
        return None
    definition = body.compile(definition_id)
    found: list[tuple[int, str, str, UnitOutcomes]] = []
    async for home, entry in entries_of_definition(connection, definition_id):
        for key, unit in entry.units.items():
            if not unit.is_mixed:
                found.append((unit.first[0], home, key, _outcomes_of(definition, unit)))
    found.sort(key=lambda place: place[:3])
    return tuple(outcomes for *_, outcomes in found)


def _outcomes_of(definition: Definition, unit: UnitState) -> UnitOutcomes:
    exposed_us = unit.first[0]
    pairs = zip(definition.metrics, unit.sums, strict=True)
    outcomes = tuple(outcome_of(rule, sums, exposed_us) for rule, sums in pairs)
    return UnitOutcomes(unit.variant, exposed_us, outcomes)
