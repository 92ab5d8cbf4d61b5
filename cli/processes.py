"""Starting, recognising and stopping the processes of a stack, also those left by a dead parent."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil

from cli.stack_error import StackError

ROLE_MARK = "ROUNDTABLE_ROLE"
DIRECTORY_MARK = "ROUNDTABLE_DATA_DIR"


class ProcessDiedError(StackError):
    """A process of the stack ended while it was waited for; the message ends with its log."""


class NotReadyError(StackError):
    """A process of the stack runs but did not become ready in time."""


class ProcessRecord(msgspec.Struct, frozen=True):
    """A process as it can be recognised later: a pid alone may be given to somebody else."""

    pid: int
    created: float


@dataclass(frozen=True)
class Credentials:
    """The user a child runs as when its parent is root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """What to start: a role for finding it again, the program, and where its output goes."""

    role: str
    argv: Sequence[str]
    log: Path
    directory: Path | None  # None: not part of a stack, not to be found again
    environ: Mapping[str, str] = field(default_factory=dict)
    run_as: Credentials | None = None


def launch(command: Command) -> ProcessRecord:
    """Start a process in its own session: it outlives us and Ctrl-C reaches it only through us."""
    child = _spawn(command)
    # The record takes over from here; without this the garbage collector reports a forgotten child.
    child.returncode = 0
    return record_of(child.pid)


def run_to_end(command: Command) -> int:
    """Run a program that ends by itself and return its exit code."""
    return _spawn(command).wait()


def record_of(pid: int) -> ProcessRecord:
    """Describe a running process."""
    return ProcessRecord(pid, psutil.Process(pid).create_time())


def is_alive(record: ProcessRecord) -> bool:
    """Say whether this very process still runs; one that waits to be reaped is dead."""
    process = _find(record)
    try:
        return process is not None and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop(record: ProcessRecord, *, gently: int = signal.SIGTERM, patience: float = 30) -> None:
    """Ask a process to end, insist after `patience` seconds, and return once it is gone."""
    process = _find(record)
    if process is None:
        return
    for sign, seconds in ((gently, patience), (signal.SIGKILL, 10)):
        try:
            process.send_signal(sign)
            process.wait(seconds)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            continue
        else:
            return
    raise NotReadyError(f"Process {record.pid} does not end, not even when killed.")


def strays(directory: Path) -> list[tuple[str, ProcessRecord]]:
    """Find every process that was started for this directory, recorded or not, with its role."""
    found = []
    for process in psutil.process_iter():
        try:
            marks = process.environ()
            if marks.get(DIRECTORY_MARK) == str(directory) and process.pid != os.getpid():
                record = ProcessRecord(process.pid, process.create_time())
                found.append((marks.get(ROLE_MARK, ""), record))
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or somebody else's: not one of ours
    return found


def wait_until(
    ready: Callable[[], bool], record: ProcessRecord, command: Command, *, seconds: float
) -> None:
    """Poll until the process is ready; say what its log says when it dies or stays silent."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not is_alive(record):
            raise ProcessDiedError(f"{command.role} ended while starting.\n{log_tail(command.log)}")
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"{command.role} is not ready after {seconds:.0f} s.\n{log_tail(command.log)}"
            )
        time.sleep(0.1)


def log_tail(log: Path, *, lines: int = 15) -> str:
    """Return the end of a log file under its path, as a failure shows it."""
    text = log.read_text(errors="replace") if log.exists() else ""
    tail = "\n".join(f"  {line}" for line in text.splitlines()[-lines:])
    return f"{log}:\n{tail or '  (empty)'}"


def _spawn(command: Command) -> "subprocess.Popen[bytes]":
    credentials = command.run_as
    with command.log.open("ab") as log:
        return subprocess.Popen(
            list(command.argv),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_marked(command),
            start_new_session=True,
            user=credentials.uid if credentials else None,
            group=credentials.gid if credentials else None,
            extra_groups=[] if credentials else None,
        )


def _find(record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        same = (
            abs(process.create_time() - record.created) < 2
        )  # the kernel derives it from a clock that is adjusted
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _marked(command: Command) -> dict[str, str]:
    environ = {**os.environ, **command.environ}
    if command.directory is None:
        return environ
    return {**environ, ROLE_MARK: command.role, DIRECTORY_MARK: str(command.directory)}
