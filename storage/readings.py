"""Everything that readings of one experiment are made from, at one moment of the database."""

from dataclasses import dataclass
from datetime import datetime

from attribution.increments import Cell, CellIncrement, Cohort, CohortCounts
from attribution.units import Stray
from storage.definitions import DefinitionBody
from storage.moments import cohorts_of, moments_of, strays_of
from storage.opened import open_experiment
from storage.pool import Connection
from storage.statements import statement
from storage.states import home_count


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one topic delivered: new events, events sent again, refused records."""

    topic: str
    accepted: int
    duplicates: int
    refused: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ExperimentTotals:
    """Exact totals under one definition, and how far they are built."""

    definition_id: int
    epoch: int
    body: DefinitionBody
    is_built: bool
    is_rebuilding: bool
    homes_built: int
    homes: int
    cells: dict[Cell, CellIncrement]
    cohorts: dict[Cohort, CohortCounts]
    strays: dict[Stray, int]
    deliveries: tuple[Delivery, ...]


async def load_totals(connection: Connection, key: str) -> ExperimentTotals | None:
    """Return the totals of an experiment, None where it has not started.

    The caller gives a connection at the start of a transaction: all of it is one snapshot, and from
    here on this experiment is all that it can read.
    """
    await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    await open_experiment(connection, key)
    row = await (await connection.execute(statement("definition_to_read"), {"key": key})).fetchone()
    if row is None:
        return None
    definition_id, epoch, status, body, homes_built, _, is_rebuilding = row
    is_built = status == "current"
    return ExperimentTotals(
        definition_id=definition_id,
        epoch=epoch,
        body=DefinitionBody.from_json(body),
        is_built=is_built,
        is_rebuilding=is_rebuilding,
        homes_built=homes_built,
        # Counting every home is worth it only while there is a build whose end it foretells.
        homes=homes_built if is_built else await home_count(connection),
        cells=await moments_of(connection, definition_id),
        cohorts=await cohorts_of(connection, definition_id),
        strays=await strays_of(connection, definition_id),
        deliveries=await deliveries(connection),
    )


async def deliveries(connection: Connection) -> tuple[Delivery, ...]:
    """Return the delivery counters per topic."""
    cursor = await connection.execute(statement("delivery_counts"))
    return tuple(Delivery(*row) for row in await cursor.fetchall())
