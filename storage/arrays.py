"""Columns of a batch for `unnest`, sent as PostgreSQL's binary arrays.

psycopg turns a list into text, element by element, with a search for what must be quoted: for a
batch of events that was more than a third of what the worker did. These take an eighth of it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from struct import Struct

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_HEADER = Struct(">iiIii")  # dimensions, whether any is null, type of elements, length, first index
_NO_ELEMENTS = Struct(">iiI")
_SIZE = Struct(">i")
_SIZED_INTEGER = Struct(">iq")
_NULL = _SIZE.pack(-1)


@dataclass(frozen=True, slots=True)
class Texts:
    """An array of text."""

    values: Collection[str | None]


@dataclass(frozen=True, slots=True)
class Integers:
    """An array of bigint. A value beyond 64 bits raises struct.error."""

    values: Collection[int | None]


@dataclass(frozen=True, slots=True)
class Blobs:
    """An array of bytea."""

    values: Collection[bytes | None]


@dataclass(frozen=True, slots=True)
class JsonTexts:
    """An array of json, encoded already."""

    values: Collection[bytes | None]


@dataclass(frozen=True, slots=True)
class Uuids:
    """An array of uuid, each given as its 16 bytes."""

    values: Collection[bytes]


class _TextsDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.postgres.types["text"].array_oid

    def dump(self, obj: Texts) -> Buffer | None:
        encoded = [None if value is None else value.encode() for value in obj.values]
        return _array(encoded, psycopg.postgres.types["text"].oid)


class _IntegersDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.postgres.types["int8"].array_oid

    def dump(self, obj: Integers) -> Buffer | None:
        pack = _SIZED_INTEGER.pack
        elements = [_NULL if value is None else pack(8, value) for value in obj.values]
        return _with_header(elements, psycopg.postgres.types["int8"].oid)


class _BlobsDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.postgres.types["bytea"].array_oid

    def dump(self, obj: Blobs) -> Buffer | None:
        return _array(obj.values, psycopg.postgres.types["bytea"].oid)


class _JsonTextsDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.postgres.types["json"].array_oid

    def dump(self, obj: JsonTexts) -> Buffer | None:
        return _array(obj.values, psycopg.postgres.types["json"].oid)


class _UuidsDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.postgres.types["uuid"].array_oid

    def dump(self, obj: Uuids) -> Buffer | None:
        return _array(obj.values, psycopg.postgres.types["uuid"].oid)


def _array(values: Iterable[bytes | None], element: int) -> bytes:
    size = _SIZE.pack
    return _with_header(
        [_NULL if value is None else size(len(value)) + value for value in values], element
    )


def _with_header(elements: list[bytes], element: int) -> bytes:
    if not elements:
        return _NO_ELEMENTS.pack(0, 0, element)
    return _HEADER.pack(1, int(_NULL in elements), element, len(elements), 1) + b"".join(elements)


# Types of ours alone: nothing else that is sent changes.
for _kind, _dumper in (
    (Texts, _TextsDumper),
    (Integers, _IntegersDumper),
    (Blobs, _BlobsDumper),
    (JsonTexts, _JsonTextsDumper),
    (Uuids, _UuidsDumper),
):
    psycopg.adapters.register_dumper(_kind, _dumper)
