"""What PostgreSQL's own postmaster.pid says of a cluster's server, checked against the system."""

from dataclasses import dataclass
from pathlib import Path

import psutil

from cli.processes import ProcessRecord, is_alive, record_of


@dataclass(frozen=True)
class Postmaster:
    """The server of a cluster and the port it listens on."""

    process: ProcessRecord
    port: int


def running_postmaster(data: Path) -> Postmaster | None:
    """Return the server that runs for this cluster."""
    lines = _lines(data)
    process = _server(lines, data)
    if process is None or len(lines) < 4 or not lines[3].isdecimal():
        return None
    return Postmaster(process, int(lines[3]))


def drop_stale_lock(data: Path) -> None:
    """Remove a lock whose pid now belongs to another program: PostgreSQL would not start."""
    lines = _lines(data)
    if lines and _server(lines, data) is None:
        (data / "postmaster.pid").unlink(missing_ok=True)


def _lines(data: Path) -> list[str]:
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def _server(lines: list[str], data: Path) -> ProcessRecord | None:
    if not lines or not lines[0].isdecimal():
        return None
    try:
        record = record_of(int(lines[0]))
        arguments = psutil.Process(record.pid).cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return record if str(data) in arguments and is_alive(record) else None
