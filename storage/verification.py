"""Recomputes what is stored from the events and the log, beside the running system, and compares.

One transaction that only reads: the stream goes on, and nothing is locked but what a reader locks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from attribution.differences import Difference, Differences
from attribution.total_differences import UnitTotals, unit_totals
from storage.log_records import LogReader, LogSpan
from storage.pool import Connection
from storage.unverified import unverified
from storage.verified_homes import VerifiedHomes, verify_homes
from storage.verified_log import VerifiedPartition, records_to_verify, verify_log
from storage.verified_registers import verify_registers
from storage.verified_snapshot import Snapshot, take_snapshot

Progress = Callable[[int, int], None]
"""Called with how many events and records were looked at, and how many there are to look at."""


class UnknownExperimentError(LookupError):
    """No definition of this experiment stands: it is unknown, a draft, or was never started."""


@dataclass(frozen=True, slots=True)
class Topic:
    """The topic of events as the brokers have it now, and a reader of it."""

    reader: LogReader
    name: str
    id: UUID
    partitions: int


class VerifiedDefinition(msgspec.Struct, frozen=True):
    """One definition, and what its cohorts come to both ways."""

    definition: int
    experiment: str
    epoch: int
    is_building: bool
    stored: UnitTotals
    recomputed: UnitTotals


class Verification(msgspec.Struct, frozen=True):
    """What was looked at and what was found. Clean where nothing differs.

    `unverified` says in words what could not be recomputed, and why; none of it is a difference.
    """

    at: datetime
    is_clean: bool
    events: int
    homes: int
    definitions: list[VerifiedDefinition]
    partitions: list[VerifiedPartition]
    counts: Mapping[str, int]
    differences: list[Difference]
    omitted: int
    unverified: list[str]


async def verify(
    connection: Connection,
    *,
    topic: Topic | None,
    experiment: str | None,
    progress: Progress,
) -> Verification:
    """Verify everything; or one experiment, and then neither the log nor what serves all.

    The caller has just begun a transaction. Without `topic` the stored events stand for themselves.
    Raises UnknownExperimentError and LogUnreadableError.
    """
    snapshot = await take_snapshot(connection, experiment)
    if experiment is not None and not snapshot.standing:
        raise UnknownExperimentError(experiment)
    spans = await _spans(topic) if topic is not None and experiment is None else []
    differences = Differences()
    steps = _Steps(snapshot.events + records_to_verify(snapshot, spans), progress)
    homes = await verify_homes(connection, snapshot, differences, steps.add)
    partitions: list[VerifiedPartition] = []
    if experiment is None:
        await verify_registers(connection, snapshot, differences)
    if topic is not None:
        partitions = await verify_log(
            connection, snapshot, topic.reader, spans, differences, steps.add
        )
    return _verification(snapshot, homes, spans, partitions, differences)


class _Steps:
    """Adds up what was looked at, so that every part tells only of its own."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._done = 0
        self._total = total
        self._progress = progress

    def add(self, count: int) -> None:
        self._done += count
        self._progress(self._done, self._total)


async def _spans(topic: Topic) -> list[LogSpan]:
    # After the snapshot was taken: whatever it calls stored is in the log by then.
    return await topic.reader.spans(topic.name, topic.id, topic.partitions)


def _verification(
    snapshot: Snapshot,
    homes: VerifiedHomes,
    spans: list[LogSpan],
    partitions: list[VerifiedPartition],
    differences: Differences,
) -> Verification:
    return Verification(
        at=snapshot.at,
        is_clean=not differences.counts,
        events=snapshot.events,
        homes=homes.homes,
        definitions=_definitions(snapshot, homes),
        partitions=partitions,
        counts={check.value: count for check, count in sorted(differences.counts.items())},
        differences=differences.kept,
        omitted=differences.omitted,
        unverified=unverified(snapshot, homes, spans, partitions),
    )


def _definitions(snapshot: Snapshot, homes: VerifiedHomes) -> list[VerifiedDefinition]:
    return [
        VerifiedDefinition(
            definition=one.definition.id,
            experiment=one.definition.experiment,
            epoch=one.epoch,
            is_building=one.built_up_to is not None,
            stored=unit_totals(homes.stored[one.definition.id]),
            recomputed=unit_totals(homes.recomputed[one.definition.id]),
        )
        for one in snapshot.standing
    ]
