"""One moment of the database, as far as a verification has to know it before it looks closer.

Nothing here is locked: the stream goes on, and whatever it commits later is not seen.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from attribution.definitions import Definition
from attribution.filters import Types
from attribution.recomputation import Standing
from schemas.events import Event
from storage.definitions import DefinitionBody
from storage.event_leaves import events_by_type, hold_leaves, leaves_aside
from storage.pool import Connection
from storage.statements import statement


@dataclass(frozen=True, slots=True)
class Deletion:
    """Events of this type (or prefix ending in `.*`) from before a time were deleted by rule."""

    type: str
    before_us: int


@dataclass(frozen=True, slots=True)
class PartitionAtRest:
    """Where a partition stands, what was counted of it, and how many refused records are kept."""

    topic_id: UUID
    topic: str
    partition: int
    next_offset: int
    accepted: int
    duplicates: int
    refused: int
    letters: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is held against its recomputation, and what was deleted openly."""

    at: datetime
    standing: tuple[Standing, ...]
    events: int
    erased_events: int
    deleted_events: int
    has_erasures: bool
    deletions: tuple[Deletion, ...]
    partitions: tuple[PartitionAtRest, ...]

    @property
    def forgotten_us(self) -> int | None:
        """Before this time, events may have been deleted; None where none was."""
        return max((deletion.before_us for deletion in self.deletions), default=None)

    def may_be_deleted(self, event: Event) -> bool:
        """Tell whether a rule may have deleted this event."""
        return any(
            event.time_us < deletion.before_us and event.type in Types((deletion.type,))
            for deletion in self.deletions
        )


async def take_snapshot(connection: Connection, experiment: str | None = None) -> Snapshot:
    """Hold one moment for the rest of the transaction, which the caller has just begun.

    `experiment` limits the definitions to those of one experiment.
    """
    await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    await hold_leaves(connection)
    await connection.execute(statement("begin_verifying"))
    cursor = await connection.execute(statement("counts_to_verify"))
    row = await cursor.fetchone()
    assert row is not None, "counts give one row"
    at, events, erased_events, deleted_events, has_erasures = row
    deletions = await _deletions(connection)
    standing = await _standing(connection, experiment, deletions)
    return Snapshot(
        at=at,
        standing=standing,
        events=events,
        erased_events=erased_events,
        deleted_events=deleted_events + await _events_aside(connection),
        has_erasures=has_erasures,
        deletions=deletions,
        partitions=await _partitions(connection),
    )


async def _events_aside(connection: Connection) -> int:
    """Count what retention has taken out of sight, and not yet dropped and counted."""
    tables = await leaves_aside(connection)
    return sum([sum((await events_by_type(connection, table)).values()) for table in tables])


async def _deletions(connection: Connection) -> tuple[Deletion, ...]:
    cursor = await connection.execute(statement("deletions_by_rule"))
    return tuple(Deletion(*row) for row in await cursor.fetchall())


async def _partitions(connection: Connection) -> tuple[PartitionAtRest, ...]:
    cursor = await connection.execute(statement("offsets_to_verify"))
    return tuple(PartitionAtRest(*row) for row in await cursor.fetchall())


async def _standing(
    connection: Connection, experiment: str | None, deletions: tuple[Deletion, ...]
) -> tuple[Standing, ...]:
    cursor = await connection.execute(statement("definitions_to_verify"), {"key": experiment})
    standing: list[Standing] = []
    for key, epoch, status, built_up_to, body in await cursor.fetchall():
        definition = DefinitionBody.from_json(body).compile(key)
        standing.append(
            Standing(
                definition=definition,
                epoch=epoch,
                built_up_to=built_up_to if status == "building" else None,
                lacks_old_exposures=_lacks_old_exposures(definition, deletions),
            )
        )
    return tuple(standing)


def _lacks_old_exposures(definition: Definition, deletions: tuple[Deletion, ...]) -> bool:
    """Tell whether a rule may have deleted events that would be counted as stray exposures."""
    types = definition.exposure.filter.types
    return any(_overlap(deletion.type, name) for deletion in deletions for name in types)


def _overlap(one: str, other: str) -> bool:
    """Tell whether two types, or prefixes ending in `.*`, may name the same event type."""
    return _begins(one, other) or _begins(other, one)


def _begins(whole: str, pattern: str) -> bool:
    return whole.startswith(pattern[:-1]) if pattern.endswith(".*") else whole == pattern
