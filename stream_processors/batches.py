"""What an agent is given: one run of records of one partition, with the offsets that bound it."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

TRACE_HEADER = "traceparent"


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record as the broker holds it, bytes only."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


class Batch(msgspec.Struct, frozen=True):
    """Consecutive records of one partition.

    `first_offset` is where the reader stood before them and `next_offset` where it stands after
    them. `first_offset` may be lower than the first record's own offset: compaction and
    transaction markers leave holes in a log. So two batches that follow each other always meet,
    and an offset moved with "where next_offset = first_offset" never stumbles over a hole.
    """

    topic: str
    partition: int
    first_offset: int
    next_offset: int
    records: tuple[Record, ...]
    size_bytes: int = 0
    traces: tuple[bytes, ...] = ()
    """What W3C calls `traceparent`, of some of the requests that the records came in with."""


class ConsumedRecord(Protocol):
    """The part of a client library's record that a batch is made of."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    serialized_key_size: int
    serialized_value_size: int
    headers: Sequence[tuple[str, bytes]]


def batches_of(
    topic: str,
    partition: int,
    first_offset: int,
    consumed: Sequence[ConsumedRecord],
    max_bytes: int,
    most_traces: int = 0,
) -> Iterator[Batch]:
    """Cut the records read from `first_offset` on into batches of at most `max_bytes`.

    A single record above the bound makes a batch of its own: it has to pass somehow.
    Headers are looked at only where traces are asked for.
    """
    for run, size_bytes in _runs(consumed, max_bytes):
        next_offset = run[-1].offset + 1
        records = tuple(Record(r.offset, r.timestamp, r.key, r.value) for r in run)
        traces = traces_of(run, most_traces) if most_traces else ()
        yield Batch(topic, partition, first_offset, next_offset, records, size_bytes, traces)
        first_offset = next_offset


def traces_of(consumed: Sequence[ConsumedRecord], most: int) -> tuple[bytes, ...]:
    """Return the distinct `traceparent` headers of these records, the first `most` of them."""
    found: dict[bytes, None] = {}
    for headers in [record.headers for record in consumed if record.headers]:
        found |= {value: None for name, value in headers if name == TRACE_HEADER}
        if len(found) >= most:
            break
    return tuple(found)[:most]


def _runs(
    consumed: Sequence[ConsumedRecord], max_bytes: int
) -> Iterator[tuple[Sequence[ConsumedRecord], int]]:
    sizes = [r.serialized_key_size + r.serialized_value_size for r in consumed]
    if (total := sum(sizes)) <= max_bytes:
        yield consumed, total
        return
    start = held = 0
    for index, size in enumerate(sizes):
        if index > start and held + size > max_bytes:
            yield consumed[start:index], held
            start, held = index, 0
        held += size
    yield consumed[start:], held
