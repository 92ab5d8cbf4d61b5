"""Processes that are started again when they end, as an init system would: API and workers."""

import signal
import threading
import time
from dataclasses import dataclass, field

import psutil

from cli.processes import Command, ProcessRecord, is_alive, launch, stop

POLL_SECONDS = 0.1
PAUSE_SECONDS = 0.5


@dataclass
class Kept:
    """A process that has to run, and how often it had to be started."""

    command: Command
    process: ProcessRecord
    starts: int = 1
    ended_at: float | None = None


@dataclass
class Keeper:
    """Watches over processes by name until it is closed; all but `close` may be called anywhere."""

    kept: dict[str, Kept] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _closing: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._watch, name="keeper")
        self._thread.start()

    def close(self) -> None:
        """Stop watching, then every process, gently, all at once."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        names = list(self.kept)
        for name in names:
            self.signal(name, signal.SIGCONT)
            self.signal(name, signal.SIGTERM)
        for name in names:
            stop(self.kept.pop(name).process)

    def start(self, name: str, command: Command) -> ProcessRecord:
        """Start a process and keep it running from now on."""
        with self._lock:
            self.kept[name] = Kept(command, launch(command))
            return self.kept[name].process

    def end(self, name: str) -> int | None:
        """End a process for good, gently; return its exit code, None where it ended before."""
        with self._lock:
            process = self.kept.pop(name).process
        return ended(process)

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a signal to the process that has this name now; return its pid."""
        with self._lock:
            pid = self.kept[name].process.pid
            if is_alive(self.kept[name].process):
                psutil.Process(pid).send_signal(number)
            return pid

    def names(self) -> list[str]:
        """Return the names of what has to run now."""
        with self._lock:
            return sorted(self.kept)

    def process(self, name: str) -> ProcessRecord:
        """Return the process that has this name now."""
        with self._lock:
            return self.kept[name].process

    def starts(self) -> int:
        """Return how many processes were started so far to keep these running."""
        with self._lock:
            return sum(kept.starts for kept in self.kept.values())

    def _watch(self) -> None:
        while not self._closing.wait(POLL_SECONDS):
            with self._lock:
                for kept in self.kept.values():
                    _look_after(kept)


def ended(process: ProcessRecord, seconds: float = 30) -> int | None:
    """Send SIGTERM and return the exit code; a process that does not end is killed."""
    try:
        running = psutil.Process(process.pid)
        running.send_signal(signal.SIGTERM)
        code: int | None = running.wait(seconds)
    except psutil.NoSuchProcess:
        return None
    except psutil.TimeoutExpired:
        stop(process, gently=signal.SIGKILL)
        return -signal.SIGKILL
    return code


def _look_after(kept: Kept) -> None:
    if is_alive(kept.process):
        return
    if kept.ended_at is None:
        stop(kept.process)  # it ended already: this takes it out of the process table
        kept.ended_at = time.monotonic()
    elif time.monotonic() - kept.ended_at > PAUSE_SECONDS:
        kept.process, kept.ended_at = launch(kept.command), None
        kept.starts += 1
