"""Keeps API and worker running: one that ends is started again, later each time it fails anew.

Kafka and PostgreSQL are only watched: when one of them ends, everything else is of no use.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cli.processes import Command, ProcessRecord, is_alive, launch, log_tail, stop
from cli.reporting import Report

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STABLE_SECONDS = 60.0
POLL_SECONDS = 0.25

Changed = Callable[[str, ProcessRecord], None]


def restart_pause(failures: int) -> float:
    """Return how long to wait before the restart that follows this many quick failures."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (failures - 1))


@dataclass
class Watched:
    """A child that is restarted, and how it has fared."""

    command: Command
    process: ProcessRecord
    started_at: float
    failures: int = 0
    restart_at: float | None = None


@dataclass
class Supervisor:
    """Watches the processes of one stack in a thread of its own until it is stopped."""

    services: Mapping[str, ProcessRecord]
    report: Report
    changed: Changed
    children: list[Watched] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    failure: str | None = None

    def adopt(self, command: Command, process: ProcessRecord) -> None:
        """Watch a child that was just started."""
        self.children.append(Watched(command, process, time.monotonic()))

    def watch(self) -> None:
        """Look after everything until stopped, or until a service ends; then say which."""
        try:
            while not self.stopping.wait(POLL_SECONDS):
                dead = [role for role, record in self.services.items() if not is_alive(record)]
                if dead:
                    self.failure = f"{' and '.join(dead)} ended unexpectedly."
                    return
                for child in self.children:
                    self._look_after(child)
        finally:
            self.ended.set()

    def _look_after(self, child: Watched) -> None:
        now = time.monotonic()
        if child.restart_at is not None:
            if now >= child.restart_at:
                self._restart(child)
        elif not is_alive(child.process):
            self._schedule(child, now)

    def _schedule(self, child: Watched, now: float) -> None:
        stop(child.process)  # it ended already: this takes it out of the process table
        stable = now - child.started_at > STABLE_SECONDS
        child.failures = 1 if stable else child.failures + 1
        pause = restart_pause(child.failures)
        child.restart_at = now + pause
        self.report(
            f"{child.command.role} ended; it is started again in {pause:g} s.\n"
            f"{log_tail(child.command.log, lines=5)}"
        )

    def _restart(self, child: Watched) -> None:
        child.process = launch(child.command)
        child.started_at, child.restart_at = time.monotonic(), None
        self.changed(child.command.role, child.process)
