import base64
import json

import msgspec
import pytest

from schemas.dead_letters import DeadLetter, decode_dead_letter, encode_dead_letter, identity_of

LETTER = DeadLetter(
    field="data.reason",
    rule="missing",
    detail="this type of event asks for it",
    topic="events.inbox",
    topic_id="6f1c7d0e-0000-4000-8000-000000000001",
    partition=3,
    offset=71,
    raw=b'{"id": "\xff',
    received_at_us=1_767_225_600_000_000,
    source="crm.example",
)


def test_a_dead_letter_keeps_the_refused_bytes_as_they_came() -> None:
    written = encode_dead_letter(LETTER)

    assert base64.b64decode(json.loads(written)["raw"]) == b'{"id": "\xff'
    assert decode_dead_letter(written) == LETTER


def test_what_is_no_dead_letter_is_not_read_as_one() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_dead_letter(b'{"field": "x"}')


@pytest.mark.parametrize(
    ("raw", "identity"),
    [
        (b'{"source": "crm", "id": "1", "type": 5}', ("crm", "1")),
        (b'{"id": "1"}', (None, "1")),
        (b'{"source": "crm", "id": 7}', (None, None)),
        (b'{"source": "a\\u0000b", "id": "1"}', (None, "1")),
        (b'{"source": "", "id": "' + b"1" * 257 + b'"}', (None, None)),
        (b"[" * 30_000, (None, None)),
        (b"\xff", (None, None)),
        (b'{"id": "\xff"}', (None, None)),
        (b"", (None, None)),
    ],
)
def test_the_identity_of_a_refused_record_is_read_where_it_can_be(
    raw: bytes, identity: tuple[str | None, str | None]
) -> None:
    assert identity_of(raw) == identity
