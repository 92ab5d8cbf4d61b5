"""Says what a verification could not recompute, and why: what is openly gone is no difference.

Pure: one sentence each, for people.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from attribution.units import Stray
from schemas.catalog import EVENTS
from storage.log_records import LogSpan
from storage.verified_homes import VerifiedHomes
from storage.verified_log import VerifiedPartition
from storage.verified_snapshot import Deletion, Snapshot

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OLD = int(Stray.OUTSIDE_PERIOD)


def unverified(
    snapshot: Snapshot,
    homes: VerifiedHomes,
    spans: Sequence[LogSpan],
    partitions: Sequence[VerifiedPartition],
) -> list[str]:
    """Return every sentence, about definitions first."""
    return [
        *_of_definitions(snapshot, homes),
        *_of_deletions(snapshot),
        *_of_log(snapshot, spans),
        *_of_partitions(partitions),
    ]


def _of_definitions(snapshot: Snapshot, homes: VerifiedHomes) -> Iterator[str]:
    for one in snapshot.standing:
        key = one.definition.id
        name = f"{one.definition.experiment} (definition {key})"
        if one.built_up_to is not None:
            yield f"{name}: it is being built; homes that its build has not reached do not count."
        stored = homes.stored[key].strays.get(_OLD, 0)
        lacking = stored - homes.recomputed[key].strays.get(_OLD, 0)
        if one.lacks_old_exposures and lacking > 0:
            yield (
                f"{name}: {lacking} of {stored} exposure events outside its period are no longer "
                "stored; a rule deletes such events."
            )


def _of_deletions(snapshot: Snapshot) -> Iterator[str]:
    if snapshot.deletions:
        yield (
            f"{snapshot.deleted_events} events were deleted by rule "
            f"({_rules(snapshot.deletions)}). "
            "The links that they told are taken as noted; contacts that only they named are not "
            "looked at."
        )
    if snapshot.has_erasures:
        yield (
            f"{snapshot.erased_events} events were erased with their contacts. Figures are "
            "recomputed without them; refused records that named them, and records left out since, "
            "can only be counted between bounds."
        )


def _rules(deletions: Sequence[Deletion]) -> str:
    return ", ".join(f"{d.type} before {_written(d.before_us)}" for d in deletions)


def _written(time_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=time_us)).isoformat(timespec="seconds")


def _of_log(snapshot: Snapshot, spans: Sequence[LogSpan]) -> Iterator[str]:
    present = {span.topic_id for span in spans}
    for partition in snapshot.partitions:
        if spans and partition.topic == EVENTS.name and partition.topic_id not in present:
            yield (
                f"{partition.topic}[{partition.partition}]: the topic was made again; "
                f"{partition.accepted} events of the former one ({partition.topic_id}) cannot be "
                "compared with it."
            )


def _of_partitions(partitions: Sequence[VerifiedPartition]) -> Iterator[str]:
    for one in partitions:
        place = f"{one.topic}[{one.partition}]"
        if one.log_start > 0:
            yield (
                f"{place}: records below offset {one.log_start} are no longer in the topic; their "
                "events are compared with themselves alone."
            )
        if one.found.deleted:
            yield f"{place}: the events of {one.found.deleted} records may be deleted by rule."
        if one.found.letters_erased:
            yield (
                f"{place}: {one.found.letters_erased} refused records are not kept; an erasure may "
                "have taken them."
            )
