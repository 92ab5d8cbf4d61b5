"""Holds the log against what is stored: up to the stored offset, no record may be missing.

Each record there is a stored event, or refused and kept with its reason, or left out as its contact
was erased, or deleted by rule. What lies at or beyond the stored offset is the workers' to do.
"""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec
from aiokafka import ConsumerRecord

from attribution.differences import Check, Difference, Differences, PartitionPlace, RecordPlace
from schemas.codec import decode_logged
from schemas.events import Event, InvalidEvent
from storage.erased_contacts import erased_among
from storage.log_records import LogReader, LogSpan
from storage.pool import Connection
from storage.statements import statement
from storage.verified_snapshot import PartitionAtRest, Snapshot

Progress = Callable[[int], None]
"""Called with the number of further records that were looked at."""


class Tally(msgspec.Struct):
    """What the records of a partition came to.

    `left_out`: events of erased contacts. `deleted`: events that a rule may have deleted.
    `letters_erased`: refused records whose letters an erasure may have taken.
    """

    records: int = 0
    left_out: int = 0
    deleted: int = 0
    letters_erased: int = 0


class VerifiedPartition(msgspec.Struct, frozen=True):
    """What the log holds of a partition, where it stands (None: never read), and what was found."""

    topic: str
    partition: int
    log_start: int
    log_end: int
    next_offset: int | None
    found: Tally


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Records of one fetch: events with their offsets, and by offset the rule that refuses."""

    events: list[tuple[int, Event]] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


async def verify_log(
    connection: Connection,
    snapshot: Snapshot,
    log: LogReader,
    spans: Sequence[LogSpan],
    differences: Differences,
    progress: Progress,
) -> list[VerifiedPartition]:
    """Look for every record below the stored offsets, in the snapshot's transaction."""
    verification = _Verification(connection, snapshot, log, differences, progress)
    return [await verification.of_partition(span) for span in spans]


def records_to_verify(snapshot: Snapshot, spans: Sequence[LogSpan]) -> int:
    """Return how many records `verify_log` is going to read, at most."""
    stands = {(p.topic_id, p.partition): p.next_offset for p in snapshot.partitions}
    ends = (min(stands.get((s.topic_id, s.partition), s.start), s.end) - s.start for s in spans)
    return sum(max(0, length) for length in ends)


@dataclass(frozen=True, slots=True)
class _Verification:
    connection: Connection
    snapshot: Snapshot
    log: LogReader
    differences: Differences
    progress: Progress

    async def of_partition(self, span: LogSpan) -> VerifiedPartition:
        tally = Tally()
        stands = next(
            (
                p
                for p in self.snapshot.partitions
                if (p.topic_id, p.partition) == (span.topic_id, span.partition)
            ),
            None,
        )
        if stands is not None:
            self.differences.add(_outside(span, stands))
            await self._read(span, stands, tally)
            self.differences.add(_uncounted(span, stands, tally))
        at = None if stands is None else stands.next_offset
        return VerifiedPartition(span.topic, span.partition, span.start, span.end, at, tally)

    async def _read(self, span: LogSpan, stands: PartitionAtRest, tally: Tally) -> None:
        end = min(stands.next_offset, span.end)
        if end <= span.start:
            return
        reading = self.log.records(span.topic, span.partition, span.start, end)
        async with aclosing(reading) as chunks:
            async for records in chunks:
                tally.records += len(records)
                decoded = _decoded(records)
                missing = await self._missing(decoded.events)
                letters = await self._letters(span, [*decoded.refused, *(at for at, _ in missing)])
                await self._judge_missing(span, tally, missing, letters)
                self._judge_refused(span, tally, decoded.refused, letters)
                self.progress(len(records))

    async def _missing(self, events: Sequence[tuple[int, Event]]) -> list[tuple[int, Event]]:
        asked = {
            "sources": [event.source for _, event in events],
            "ids": [event.id for _, event in events],
        }
        cursor = await self.connection.execute(statement("events_not_stored"), asked)
        return [events[place - 1] for (place,) in await cursor.fetchall()]

    async def _letters(self, span: LogSpan, offsets: Sequence[int]) -> set[int]:
        if not offsets:
            return set()
        asked = {"topic_id": span.topic_id, "partition": span.partition, "offsets": list(offsets)}
        cursor = await self.connection.execute(statement("dead_letters_at"), asked)
        return {offset for (offset,) in await cursor.fetchall()}

    async def _judge_missing(
        self,
        span: LogSpan,
        tally: Tally,
        missing: Sequence[tuple[int, Event]],
        letters: set[int],
    ) -> None:
        contacts = {event.contact for _, event in missing if event.contact is not None}
        erased = await erased_among(self.connection, contacts)
        for offset, event in missing:
            if event.contact in erased:
                tally.left_out += 1
            elif self.snapshot.may_be_deleted(event):
                tally.deleted += 1
            # An earlier release may have refused what this one reads; then it was kept.
            elif offset not in letters:
                place = RecordPlace(span.topic, span.partition, offset, event.source, event.id)
                self.differences.add([Difference(Check.LOG, place, "event", None, event.type)])

    def _judge_refused(
        self, span: LogSpan, tally: Tally, refused: dict[int, str], letters: set[int]
    ) -> None:
        for offset, rule in refused.items():
            if offset in letters:
                continue
            if self.snapshot.has_erasures:
                tally.letters_erased += 1
                continue
            place = RecordPlace(span.topic, span.partition, offset)
            self.differences.add([Difference(Check.LOG, place, "dead letter", None, rule)])


def _decoded(records: Sequence[ConsumerRecord]) -> _Decoded:
    decoded = _Decoded()
    for record in records:
        try:
            if record.value is None:
                raise InvalidEvent("value", "missing", "the record is a tombstone")
            decoded.events.append((record.offset, decode_logged(record.value)))
        except InvalidEvent as refusal:
            decoded.refused[record.offset] = f"{refusal.field}: {refusal.rule}"
    return decoded


def _outside(span: LogSpan, stands: PartitionAtRest) -> list[Difference]:
    """A stored offset lies inside the log, or records were skipped or are no longer there."""
    if span.start <= stands.next_offset <= span.end:
        return []
    place = PartitionPlace(span.topic, span.partition)
    bounds = f"{span.start} to {span.end}"
    return [Difference(Check.OFFSETS, place, "next_offset", str(stands.next_offset), bounds)]


def _uncounted(span: LogSpan, stands: PartitionAtRest, tally: Tally) -> list[Difference]:
    """Each record was counted once: accepted, sent again or refused; or left out after an erasure.

    What the log has deleted since cannot be counted again; the counters then exceed the records.
    """
    counted = stands.accepted + stands.duplicates + stands.refused
    fewest, most = tally.records - tally.left_out, tally.records
    if span.start > 0:
        most += span.start
    if fewest <= counted <= most:
        return []
    place = PartitionPlace(span.topic, span.partition)
    expected = str(fewest) if fewest == most else f"{fewest} to {most}"
    return [Difference(Check.DELIVERIES, place, "records", str(counted), expected)]
