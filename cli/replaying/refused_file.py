"""Writes what was left out as JSON lines, so that it can be repaired and replayed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from cli.replaying.rows import RefusedRow
from cli.replaying.targets import RefusedEvent
from cli.stack_error import StackError

_ENCODER = msgspec.json.Encoder()


class RefusedFileError(StackError):
    """The file for what was refused cannot be written."""


class RefusedSink(Protocol):
    """Takes what was left out."""

    def row(self, row: RefusedRow) -> None:
        """Take a row that gave no event."""

    def event(self, event: RefusedEvent) -> None:
        """Take an event that the target refused."""


class Nowhere:
    """Keeps nothing: the report has the counts."""

    def row(self, row: RefusedRow) -> None:
        """Drop the row."""

    def event(self, event: RefusedEvent) -> None:
        """Drop the event."""


class RefusedFile:
    """One JSON object per line: `row`, `reason`, `detail`, `cells`, or the event with its rule."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content

    def row(self, row: RefusedRow) -> None:
        """Write the row with its cells."""
        cells = {name: _printable(cell) for name, cell in row.cells.items()}
        self._write({"row": row.row, "reason": row.reason, "detail": row.detail, "cells": cells})

    def event(self, event: RefusedEvent) -> None:
        """Write the event as it was sent."""
        self._write(
            {"reason": event.reason, "detail": event.detail, "event": msgspec.Raw(event.event)}
        )

    def _write(self, record: dict[str, object]) -> None:
        self._content.write(_ENCODER.encode(record) + b"\n")


@contextmanager
def refused_sink(path: Path | None) -> Iterator[RefusedSink]:
    """Yield where refused rows go: a new file at `path`, or nowhere."""
    if path is None:
        yield Nowhere()
        return
    try:
        content = path.open("wb")
    except OSError as error:
        raise RefusedFileError(f"{path}: {error.strerror}.") from error
    with content:
        yield RefusedFile(content)


def _printable(cell: str) -> str:
    return cell.encode("utf-8", "backslashreplace").decode()
