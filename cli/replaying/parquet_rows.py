"""Reads Parquet batch by batch; cells become the text that a CSV of the same table would hold."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from cli.replaying.rows import Row, RowFile
from cli.stack_error import StackError

BATCH_ROWS = 4_096


class ParquetError(StackError):
    """A file that is no Parquet."""


class _Progress:
    """How many rows were handed out, of how many."""

    def __init__(self, total: int) -> None:
        self.total = max(total, 1)
        self.rows = 0

    def fraction(self) -> float:
        """Return the share that was read."""
        return self.rows / self.total


def read_parquet(content: BinaryIO) -> RowFile:
    """Return the rows in file order."""
    try:
        table = pq.ParquetFile(content)
    except pa.ArrowInvalid as error:
        raise ParquetError(f"The file is no Parquet: {error}") from error
    progress = _Progress(table.metadata.num_rows)
    return RowFile(tuple(table.schema_arrow.names), _rows(table, progress), progress.fraction)


def _rows(table: pq.ParquetFile, progress: _Progress) -> Iterator[Row]:
    for batch in table.iter_batches(batch_size=BATCH_ROWS):
        columns = [(name, batch.column(name).to_pylist()) for name in batch.schema.names]
        for index in range(batch.num_rows):
            progress.rows += 1
            yield Row(progress.rows, {name: _text(values[index]) for name, values in columns})


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value != value:  # NaN is how data frames write an empty number  # noqa: PLR0124
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return str(value)
    return msgspec.json.encode(value).decode()
