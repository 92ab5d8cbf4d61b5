"""Reads one JSON object per line; nested objects become columns such as `customer.id`."""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, BinaryIO

import msgspec

from cli.replaying.rows import Row, RowFile, UnreadableRow

COLUMNS_FROM_ROWS = 1_000
"""How many rows are looked at for columns; an object may leave out what it has no value for."""

# Numbers keep the digits they are written with: an amount must not pass through a double.
_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=str)


def read_jsonl(content: BinaryIO, fraction_read: Callable[[], float]) -> RowFile:
    """Return the rows; a key that a row leaves out is an empty cell."""
    rows = _objects(content)
    first = list(islice(rows, COLUMNS_FROM_ROWS))
    columns = dict.fromkeys(name for row in first if isinstance(row, Row) for name in row.cells)
    return RowFile(
        tuple(columns), _filled(chain(first, rows), dict.fromkeys(columns, "")), fraction_read
    )


def _objects(content: BinaryIO) -> Iterator[Row | UnreadableRow]:
    number = 0
    for line in content:
        if line.isspace():
            continue
        number += 1
        try:
            yield Row(number, dict(_cells(_DECODER.decode(line))))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield UnreadableRow(number, "the line is no JSON object", str(error))


def _filled(
    rows: Iterator[Row | UnreadableRow], empty: dict[str, str]
) -> Iterator[Row | UnreadableRow]:
    for row in rows:
        yield Row(row.number, {**empty, **row.cells}) if isinstance(row, Row) else row


def _cells(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        if isinstance(item, dict):
            yield from _cells(item, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _text(item)


def _text(item: Any) -> str:
    if isinstance(item, str):
        return item
    return "" if item is None else msgspec.json.encode(item).decode()
