"""Turns the records of a batch into events and refusals. Pure: what a record says decides."""

from collections.abc import Callable
from uuid import UUID

from schemas.codec import decode_logged
from schemas.events import Event, InvalidEvent
from storage.batches import DecodedBatch, LogEvent
from storage.dead_letters import Refused
from stream_processors.batches import Batch, Record

Decode = Callable[[bytes, int], Event]
"""From the bytes of a record and the time it was logged (microseconds) to an event."""


def decode_batch(batch: Batch, topic_id: UUID) -> DecodedBatch:
    """Decode the records of the topic `events`, which a door has accepted before."""
    events, refused = decode_records(batch, lambda raw, _: decode_logged(raw))
    return DecodedBatch(
        topic_id=topic_id,
        topic=batch.topic,
        partition=batch.partition,
        first_offset=batch.first_offset,
        next_offset=batch.next_offset,
        events=events,
        refused=refused,
    )


def decode_records(batch: Batch, decode: Decode) -> tuple[list[LogEvent], list[Refused]]:
    """Decode each record, or say why it is refused; one bad record stops nothing."""
    events: list[LogEvent] = []
    refused: list[Refused] = []
    for record in batch.records:
        received_us = record.timestamp_ms * 1000
        try:
            event = decode(_bytes_of(record), received_us)
        except InvalidEvent as refusal:
            refused.append(_refused(record, refusal))
        else:
            events.append(LogEvent(event, record.key, received_us))
    return events, refused


def _bytes_of(record: Record) -> bytes:
    if record.value is None:
        raise InvalidEvent("value", "missing", "the record is a tombstone")
    return record.value


def _refused(record: Record, refusal: InvalidEvent) -> Refused:
    return Refused(
        offset=record.offset,
        field=refusal.field,
        rule=refusal.rule,
        detail=refusal.detail,
        raw=record.value or b"",
        received_us=record.timestamp_ms * 1000,
    )
