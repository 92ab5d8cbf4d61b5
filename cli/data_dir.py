"""Where one stack keeps what it owns: the only place that knows the names in `.roundtable/`."""

import fcntl
import os
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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory for this process; the kernel lets go when the process dies."""
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackInUseError(_in_use(self.root, os.pread(descriptor, 32, 0))) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)


def _in_use(root: Path, holder: bytes) -> str:
    return (
        f"The stack in {root} is already run by process {holder.decode() or '(starting)'}. "
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
