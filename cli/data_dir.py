"""Where one stack keeps what it owns: the only place that knows the names in `.roundtable/`."""

import argparse
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.stack_error import StackError

DEFAULT_DATA_DIR = Path(".roundtable")


class StackInUseError(StackError):
    """Another process runs the stack of this directory."""


@dataclass(frozen=True)
class DataDir:
    """The layout of one stack's directory."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> "DataDir":
        """Create the directory if needed; only its owner may list it when it is ours to make."""
        root = path.expanduser().resolve()
        layout = cls(root)
        layout.logs.mkdir(parents=True, exist_ok=True)
        return layout

    @classmethod
    def existing(cls, path: Path) -> "DataDir | None":
        """Return the layout of a directory that was made before."""
        root = path.expanduser().resolve()
        return cls(root) if root.is_dir() else None

    @property
    def kafka(self) -> Path:
        """Configuration and log of the embedded broker."""
        return self.root / "kafka"

    @property
    def postgres(self) -> Path:
        """Cluster and password of the embedded PostgreSQL."""
        return self.root / "postgres"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.root / "log"

    @property
    def state_file(self) -> Path:
        """What runs now: read by every other command."""
        return self.root / "stack.json"

    @property
    def token_file(self) -> Path:
        """The API token, made once."""
        return self.root / "token"

    @property
    def hash_key_file(self) -> Path:
        """The secret of the pseudonyms, made once: with another one, every contact is a new one."""
        return self.root / "hash-key"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory for this process; the kernel lets go when the process dies."""
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _lock_soon(descriptor):
                raise StackInUseError(_in_use(self.root, _read_holder(descriptor)))
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def holder(self) -> int | None:
        """Return the process that holds the directory now."""
        try:
            descriptor = os.open(self._lock_file, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            return None if _lock(descriptor) else _read_holder(descriptor)
        finally:
            os.close(descriptor)

    @property
    def _lock_file(self) -> Path:
        return self.root / "lock"


def _lock_soon(descriptor: int) -> bool:
    # Another command that only asks who holds the lock has it for an instant.
    for _ in range(5):
        if _lock(descriptor):
            return True
        time.sleep(0.02)
    return False


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_holder(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0)
    return int(text) if text.isdigit() else None


def _in_use(root: Path, holder: int | None) -> str:
    return (
        f"The stack in {root} is already run by process {holder or '(starting)'}. "
        "Stop it with `roundtable down`, or choose another --data-dir."
    )


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner alone."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:  # noqa: PTH123
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Declare the option that chooses the stack, the same for every command."""
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=DEFAULT_DATA_DIR,
        metavar="DIR",
        help="where the stack keeps its data (default: %(default)s)",
    )
