"""Single units with the groups that they are in, as their first exposures say, and their outcomes.

Read in one snapshot with the moments, units and outcomes add up to them exactly.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from attribution.definitions import Definition
from attribution.groups import GroupReader, group_reader
from attribution.outcomes import outcome_of
from attribution.units import UnitState
from schemas.events import Event
from storage.arrays import Integers, Texts
from storage.definition_homes import HOMES_AT_ONCE, entries_of_definition, has_more_homes
from storage.definitions import DefinitionBody
from storage.event_rows import event_of_row
from storage.pool import Connection
from storage.statements import statement

HomeUnit = tuple[str, UnitState]
"""A unit and the home that it counts at."""


class MissingExposureError(LookupError):
    """The event that exposed a unit is not in the log."""


@dataclass(frozen=True, slots=True)
class UnitGroups:
    """One unit that met one variant: its number, when it was exposed, a group per dimension.

    `outcomes` are its values on the metrics that were asked for.
    """

    variant: int
    exposed_us: int
    groups: tuple[str, ...]
    outcomes: tuple[int, ...]


async def unit_groups(
    connection: Connection,
    definition_id: int,
    body: DefinitionBody,
    numbers: Sequence[int],
    *,
    most: int,
) -> tuple[UnitGroups, ...] | None:
    """Return all units that are not mixed, with their outcomes on the metrics of these numbers.

    None where more than `most` homes may hold any. Raises MissingExposureError.
    """
    if await has_more_homes(connection, definition_id, than=most):
        return None
    definition = body.compile(definition_id)
    readers = [group_reader(dimension) for dimension in body.experiment.dimensions]
    found: list[UnitGroups] = []
    async for units in _parts(connection, definition_id):
        exposures = await _exposures(connection, units)
        found += (_grouped(definition, readers, numbers, unit, exposures) for _, unit in units)
    return tuple(found)


async def _parts(connection: Connection, definition_id: int) -> AsyncIterator[list[HomeUnit]]:
    part: list[HomeUnit] = []
    async for home, entry in entries_of_definition(connection, definition_id):
        part += ((home, unit) for unit in entry.units.values() if not unit.is_mixed)
        if len(part) >= HOMES_AT_ONCE:
            yield part
            part = []
    yield part


async def _exposures(
    connection: Connection, units: Sequence[HomeUnit]
) -> dict[tuple[str, str], Event]:
    asked = {
        "homes": Texts([home for home, _ in units]),
        "times_us": Integers([unit.first[0] for _, unit in units]),
        "sources": Texts([unit.first[1] for _, unit in units]),
        "ids": Texts([unit.first[2] for _, unit in units]),
    }
    cursor = await connection.execute(statement("exposures_of_units"), asked)
    events = [event_of_row(row) for row in await cursor.fetchall()]
    return {(event.source, event.id): event for event in events}


def _grouped(
    definition: Definition,
    readers: Sequence[GroupReader],
    numbers: Sequence[int],
    unit: UnitState,
    exposures: dict[tuple[str, str], Event],
) -> UnitGroups:
    exposed_us, source, event_id = unit.first
    exposure = exposures.get((source, event_id))
    if exposure is None:
        raise MissingExposureError(f"{definition.experiment}: no event {event_id!r} of {source!r}")
    return UnitGroups(
        unit.variant,
        exposed_us,
        tuple(read(exposure) for read in readers),
        tuple(
            outcome_of(definition.metrics[number], unit.sums[number], exposed_us).y
            for number in numbers
        ),
    )
