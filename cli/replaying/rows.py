"""What is read from a file: rows of text cells, and places where no row could be read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `number` counts data rows from 1. Every cell is text, empty where there is none."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A place in the file that holds no row, and why."""

    number: int
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class RowFile:
    """An open file: its columns, its rows in order, and how much of it was read (0 to 1)."""

    columns: tuple[str, ...]
    rows: Iterator[Row | UnreadableRow]
    fraction_read: Callable[[], float]


class RowRefusedError(Exception):
    """A row that gives no event: `reason` holds for all rows like it, `detail` shows the cell."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was left out, with its reason and its cells."""

    row: int
    reason: str
    detail: str
    cells: Mapping[str, str]
