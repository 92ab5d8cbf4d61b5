"""What was accepted, written down on disk before anything else is done with it.

An event is accepted once the gateway answered 202 for it, or the broker acknowledged its record.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec

LATEST = 300


class Accepted(msgspec.Struct, frozen=True):
    """Events of the company by number, and the door they came through."""

    via: str
    numbers: Sequence[int]


class Foreign(msgspec.Struct, frozen=True):
    """A record that is no event of the company: kept by its digest, or stored under its id."""

    via: str
    digest: str
    event_id: str | None = None


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    accepted: Accepted | None = None
    foreign: Foreign | None = None


class Ledger:
    """An append-only file; several senders write to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file = path.open("ab")
        self.count = 0
        self._latest: deque[int] = deque(maxlen=LATEST)

    def accept(self, via: str, numbers: Sequence[int]) -> None:
        """Note events that are accepted from now on."""
        if numbers:
            self._write(_Line(accepted=Accepted(via, numbers)))
            self.count += len(numbers)
            self._latest.extend(numbers)

    def latest(self) -> list[int]:
        """Return some of the events that were accepted last."""
        return list(self._latest)

    def note_foreign(self, via: str, raw: bytes, event_id: str | None = None) -> None:
        """Note a record that has to become a dead letter, or an event of this id."""
        self._write(_Line(foreign=Foreign(via, digest_of(raw), event_id)))

    def read(self) -> tuple[list[Accepted], list[Foreign]]:
        """Return everything that was noted, from the disk."""
        with self._path.open("rb") as file:
            lines = [msgspec.json.decode(line, type=_Line) for line in file]
        return (
            [line.accepted for line in lines if line.accepted is not None],
            [line.foreign for line in lines if line.foreign is not None],
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: _Line) -> None:
        with self._lock:
            self._file.write(msgspec.json.encode(line) + b"\n")
            self._file.flush()


def digest_of(raw: bytes) -> str:
    """Return what a record is known by."""
    return hashlib.sha256(raw).hexdigest()
