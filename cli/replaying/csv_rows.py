"""Reads CSV with a header; a row of another width is reported, not guessed at."""

import csv
from collections.abc import Callable, Iterator
from typing import TextIO

from cli.replaying.rows import Row, RowFile, UnreadableRow
from cli.stack_error import StackError


class HeaderError(StackError):
    """A CSV file without a header that names every column once."""


def read_csv(content: TextIO, delimiter: str, fraction_read: Callable[[], float]) -> RowFile:
    """Return the rows below the header."""
    lines = csv.reader(content, delimiter=delimiter, strict=True)
    columns = tuple(next(lines, ()))
    if not columns:
        raise HeaderError("The file is empty; its first line names the columns.")
    twice = {name for name in columns if columns.count(name) > 1}
    if twice:
        raise HeaderError(f"The header names {', '.join(sorted(twice))} more than once.")
    return RowFile(columns, _rows(lines, columns), fraction_read)


def _rows(lines: Iterator[list[str]], columns: tuple[str, ...]) -> Iterator[Row | UnreadableRow]:
    width = len(columns)
    number = 0
    while True:
        number += 1
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            yield UnreadableRow(number, "the row is no CSV", str(error))
            continue
        if len(cells) == width:
            yield Row(number, dict(zip(columns, cells, strict=True)))
        elif cells:
            detail = f"{len(cells)} cells, {width} columns"
            yield UnreadableRow(number, "another number of cells than the header", detail)
        else:
            number -= 1  # a blank line is no row
