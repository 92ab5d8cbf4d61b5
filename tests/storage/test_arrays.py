"""PostgreSQL reads back what was sent in its binary arrays."""

from __future__ import annotations

import struct

import psycopg
import pytest

from storage.arrays import Blobs, Integers, JsonTexts, Texts

pytestmark = pytest.mark.stack

LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("kind", "sent", "values"),
    [
        ("text", Texts, ["", "a", "Müller & Söhne", 'quote " comma , brace }', "null", "\\", "🙂"]),
        ("text", Texts, [None, "a", None]),
        ("text", Texts, []),
        ("bigint", Integers, [0, 1, -1, LARGEST, -LARGEST - 1]),
        ("bigint", Integers, [None, 7]),
        ("bytea", Blobs, [b"", b"\x00\xff", b"\xff\xff\xff\xff", b"\\x00"]),
        ("bytea", Blobs, [None]),
    ],
)
def test_an_array_arrives_as_it_was_sent(
    postgres_server: str,
    kind: str,
    sent: type[Texts] | type[Integers] | type[Blobs],
    values: list[object],
) -> None:
    with psycopg.connect(postgres_server) as connection:
        rows = connection.execute(
            f"SELECT v, v IS NULL FROM unnest(%s::{kind}[]) WITH ORDINALITY AS u (v, n) ORDER BY n",
            [sent(values)],  # type: ignore[arg-type]
        ).fetchall()

    assert rows == [(value, value is None) for value in values]


def test_encoded_json_arrives_byte_by_byte(postgres_server: str) -> None:
    document = '{"b": [1.50, "ü"],  "a": null}'
    with psycopg.connect(postgres_server) as connection:
        row = connection.execute(
            "SELECT v::text FROM unnest(%s::json[]) AS u (v)", [JsonTexts([document.encode()])]
        ).fetchone()

    assert row == (document,)


def test_a_number_beyond_64_bits_is_refused(postgres_server: str) -> None:
    with psycopg.connect(postgres_server) as connection, pytest.raises(struct.error):
        connection.execute("SELECT %s::bigint[]", [Integers([LARGEST + 1])])
