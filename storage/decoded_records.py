"""Records of the log read as the worker reads them: events, or the rule that refuses them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from aiokafka import ConsumerRecord

from schemas.codec import decode_logged
from schemas.events import Event, InvalidEvent


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event, its offset, and when the log took it (microseconds)."""

    event: Event
    offset: int
    received_us: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """So many records: the events among them, and by offset what is refused."""

    records: int
    events: list[LoggedEvent] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def decoded(records: Sequence[ConsumerRecord]) -> Decoded:
    """Return what these records say."""
    found = Decoded(len(records))
    for record in records:
        try:
            if record.value is None:
                raise InvalidEvent("value", "missing", "the record is a tombstone")
            event = decode_logged(record.value)
        except InvalidEvent as refusal:
            found.refused[record.offset] = f"{refusal.field}: {refusal.rule}"
        else:
            found.events.append(LoggedEvent(event, record.offset, record.timestamp * 1000))
    return found
