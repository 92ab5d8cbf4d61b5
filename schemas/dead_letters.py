"""A refused record with its reason and its place, as it travels on the dead-letter topic.

The raw bytes are kept untouched (base64), so that a repaired copy can be replayed; of a record that
is too large for a letter, their beginning, and `detail` says so.
"""

import msgspec

from schemas.characters import is_attribute_text
from schemas.envelope import MAX_NAME


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


def identity_of(raw: bytes) -> tuple[str | None, str | None]:
    """Read `source` and `id` of what may be no event at all; None where there is none."""
    try:
        identity = _IDENTITIES.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    return _storable(identity.source), _storable(identity.id)


def _storable(text: str | None) -> str | None:
    fits = text is not None and 0 < len(text) <= MAX_NAME and is_attribute_text(text)
    return text if fits else None


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """Write a dead letter as JSON."""
    return _ENCODER.encode(letter)


def decode_dead_letter(raw: bytes) -> DeadLetter:
    """Read a dead letter that `encode_dead_letter` wrote."""
    return _LETTERS.decode(raw)
