"""Whatever a record holds, its letter can be published: the largest that a broker takes as well."""

from uuid import UUID

import pytest

from schemas.dead_letters import encode_dead_letter
from storage.batches import DecodedBatch
from storage.dead_letters import Refused
from stream_processors.dead_letters import letter_of

A_MEBIBYTE = 1024 * 1024  # what brokers and producers take in one message by default
BATCH = DecodedBatch(UUID(int=7), "events", 3, 41, 43, [], [])


def refused(raw: bytes) -> Refused:
    return Refused(offset=41, field="value", rule="json", detail="no JSON", raw=raw, received_us=5)


@pytest.mark.parametrize("size", [512 * 1024 + 1, A_MEBIBYTE])
def test_of_a_record_too_large_to_publish_the_letter_holds_the_beginning_and_says_so(
    size: int,
) -> None:
    letter = letter_of(BATCH, refused(b"\xff" * size))

    assert len(encode_dead_letter(letter)) < A_MEBIBYTE - 10_000
    assert letter.raw == b"\xff" * 512 * 1024
    assert letter.detail == (
        f"no JSON (`raw` holds the first 524288 of {size} bytes; the table dead_letters holds all)"
    )


def test_every_other_record_is_published_whole() -> None:
    letter = letter_of(BATCH, refused(b"\xff" * 512 * 1024))

    assert letter.raw == b"\xff" * 512 * 1024
    assert letter.detail == "no JSON"
