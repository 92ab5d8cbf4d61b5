"""Holds the log against what is stored: up to the stored offset, no record may be missing.

Each record there is a stored event, or refused and kept with its reason, or left out as its contact
was erased, or deleted by rule. What lies at or beyond the stored offset is the workers' to do.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec

from attribution.differences import Check, Difference, Differences, PartitionPlace, RecordPlace
from schemas.events import Event
from storage.arrays import Texts
from storage.decoded_records import Decoded, LoggedEvent, decoded
from storage.erased_contacts import erased_among
from storage.event_rows import event_of_row
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
class _Part:
    """A partition, as far as it is stored."""

    span: LogSpan
    stands: PartitionAtRest | None

    @property
    def end(self) -> int:
        """Before this offset, every record has to be stored."""
        at = self.span.start if self.stands is None else self.stands.next_offset
        return max(self.span.start, min(at, self.span.end))

    def place(self, logged: LoggedEvent) -> RecordPlace:
        """Return where an event is in the log."""
        event = logged.event
        return RecordPlace(
            self.span.topic, self.span.partition, logged.offset, event.source, event.id
        )


@dataclass(frozen=True, slots=True)
class _Unlike:
    """A stored event, and the record that it should have come from and does not resemble."""

    stored: Event
    place: RecordPlace
    record: Event


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
    parts = _parts(snapshot, spans)
    verified = [await verification.of_partition(part) for part in parts]
    await verification.compare_unlike(parts)
    return verified


def records_to_verify(snapshot: Snapshot, spans: Sequence[LogSpan]) -> int:
    """Return how many records `verify_log` is going to read, at most."""
    return sum(part.end - part.span.start for part in _parts(snapshot, spans))


def _parts(snapshot: Snapshot, spans: Sequence[LogSpan]) -> list[_Part]:
    stands = {(p.topic_id, p.partition): p for p in snapshot.partitions}
    return [_Part(span, stands.get((span.topic_id, span.partition))) for span in spans]


@dataclass(frozen=True, slots=True)
class _Verification:
    connection: Connection
    snapshot: Snapshot
    log: LogReader
    differences: Differences
    progress: Progress
    unlike: dict[tuple[str, str], _Unlike] = field(default_factory=dict)

    async def of_partition(self, part: _Part) -> VerifiedPartition:
        """Look at every record of a partition that has to be stored."""
        span, tally = part.span, Tally()
        if part.stands is not None:
            self.differences.add(_outside(span, part.stands))
        async with aclosing(self._read(part)) as chunks:
            async for chunk in chunks:
                tally.records += chunk.records
                await self._judge(part, tally, chunk)
                self.progress(chunk.records)
        if part.stands is not None:
            self.differences.add(_uncounted(span, part.stands, tally))
        at = None if part.stands is None else part.stands.next_offset
        return VerifiedPartition(span.topic, span.partition, span.start, span.end, at, tally)

    async def compare_unlike(self, parts: Sequence[_Part]) -> None:
        """Look once more for a record that each stored event resembles; tell where there is none.

        A source may have sent two different events under one id in one millisecond: either may be
        the one that is stored.
        """
        for part in parts if self.unlike else ():
            async with aclosing(self._read(part)) as chunks:
                async for chunk in chunks:
                    for logged in chunk.events:
                        key = (logged.event.source, logged.event.id)
                        if key in self.unlike and self.unlike[key].stored == logged.event:
                            del self.unlike[key]
        for one in self.unlike.values():
            self.differences.add(_fields(one))

    async def _read(self, part: _Part) -> AsyncGenerator[Decoded]:
        span = part.span
        if part.end > span.start:
            reading = self.log.records(span.topic, span.partition, span.start, part.end)
            async with aclosing(reading) as chunks:
                async for records in chunks:
                    yield decoded(records)

    async def _judge(self, part: _Part, tally: Tally, chunk: Decoded) -> None:
        missing = await self._missing(part, chunk.events)
        wanted = [*chunk.refused, *(logged.offset for logged in missing)]
        letters = await self._letters(part.span, wanted)
        await self._judge_missing(part, tally, missing, letters)
        self._judge_refused(part.span, tally, chunk.refused, letters)

    async def _missing(self, part: _Part, events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
        """Compare those of the events that are stored; return the others."""
        asked = {
            "accounts": Texts([logged.event.account for logged in events]),
            "contacts": Texts([logged.event.contact for logged in events]),
        }
        return await self._not_found("events_as_stored", part, events, asked)

    async def _missing_anywhere(
        self, part: _Part, events: Sequence[LoggedEvent]
    ) -> list[LoggedEvent]:
        """Look for events elsewhere: sent again under another account, or stored at a wrong one."""
        return await self._not_found("events_anywhere", part, events, {}) if events else []

    async def _not_found(
        self, name: str, part: _Part, events: Sequence[LoggedEvent], asked: dict[str, Texts]
    ) -> list[LoggedEvent]:
        asked["sources"] = Texts([logged.event.source for logged in events])
        asked["ids"] = Texts([logged.event.id for logged in events])
        cursor = await self.connection.execute(statement(name), asked)
        missing = dict(enumerate(events, start=1))
        async for place, received_us, *row in cursor:
            logged = missing.pop(place, events[place - 1])
            # At another time the event was sent again, and what it says then does not count.
            if received_us == logged.received_us:
                self._compare(part, logged, event_of_row(tuple(row)))
        return list(missing.values())

    def _compare(self, part: _Part, logged: LoggedEvent, stored: Event) -> None:
        if stored != logged.event:
            key = (stored.source, stored.id)
            self.unlike.setdefault(key, _Unlike(stored, part.place(logged), logged.event))

    async def _letters(self, span: LogSpan, offsets: Sequence[int]) -> set[int]:
        if not offsets:
            return set()
        asked = {"topic_id": span.topic_id, "partition": span.partition, "offsets": list(offsets)}
        cursor = await self.connection.execute(statement("dead_letters_at"), asked)
        return {offset for (offset,) in await cursor.fetchall()}

    async def _judge_missing(
        self, part: _Part, tally: Tally, missing: Sequence[LoggedEvent], letters: set[int]
    ) -> None:
        named = {logged.event.contact for logged in missing}
        erased = await erased_among(self.connection, {c for c in named if c is not None})
        unexplained: list[LoggedEvent] = []
        for logged in missing:
            if logged.event.contact in erased:
                tally.left_out += 1
            elif self.snapshot.may_be_deleted(logged.event):
                tally.deleted += 1
            # An earlier release may have refused what this one reads; then it was kept.
            elif logged.offset not in letters:
                unexplained.append(logged)
        for logged in await self._missing_anywhere(part, unexplained):
            place, kind = part.place(logged), logged.event.type
            self.differences.add([Difference(Check.LOG, place, "event", None, kind)])

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


def _fields(one: _Unlike) -> list[Difference]:
    """Return every field in which a stored event is not what its record says."""
    pairs = (
        (name, getattr(one.stored, name), getattr(one.record, name))
        for name in one.stored.__struct_fields__
    )
    return [
        Difference(Check.LOG, one.place, name, repr(stored), repr(logged))
        for name, stored, logged in pairs
        if stored != logged
    ]


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
