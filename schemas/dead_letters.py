"""A refused record with its reason and its place, as it travels on the dead-letter topic.

The raw bytes are kept untouched (base64), so that a repaired copy can be replayed.
"""

import msgspec

from schemas.events import InvalidEvent


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One refused record."""

    field: str
    rule: str
    detail: str
    topic: str
    topic_id: str
    partition: int
    offset: int
    raw: bytes
    received_at_us: int
    source: str | None = None
    id: str | None = None


class _Identity(msgspec.Struct):
    source: str | None = None
    id: str | None = None


_IDENTITIES = msgspec.json.Decoder(_Identity)
_LETTERS = msgspec.json.Decoder(DeadLetter)
_ENCODER = msgspec.json.Encoder()


def dead_letter(
    refusal: InvalidEvent,
    raw: bytes,
    *,
    topic: str,
    topic_id: str,
    partition: int,
    offset: int,
    received_at_us: int,
) -> DeadLetter:
    """Put a refused record down with its reason and, where it can be read, its identity."""
    source, event_id = identity_of(raw)
    return DeadLetter(
        field=refusal.field,
        rule=refusal.rule,
        detail=refusal.detail,
        topic=topic,
        topic_id=topic_id,
        partition=partition,
        offset=offset,
        raw=raw,
        received_at_us=received_at_us,
        source=source,
        id=event_id,
    )


def identity_of(raw: bytes) -> tuple[str | None, str | None]:
    """Read `source` and `id` of what may be no event at all; None where there is none."""
    try:
        identity = _IDENTITIES.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    return identity.source, identity.id


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """Write a dead letter as JSON."""
    return _ENCODER.encode(letter)


def decode_dead_letter(raw: bytes) -> DeadLetter:
    """Read a dead letter that `encode_dead_letter` wrote."""
    return _LETTERS.decode(raw)
