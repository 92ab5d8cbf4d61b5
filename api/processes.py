"""Runs several processes of the API on one address, and ends when told or when they cannot run.

The parent holds the sockets and serves nothing. A process that ends is started again on the socket
that it had, so connections that came meanwhile wait for it and are not reset.
"""

import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

POLL_SECONDS = 0.2
FIRST_PAUSE = 0.5
STABLE_SECONDS = 60.0
MOST_FAILURES = 5
"""Quick ends of one process after which all end: whoever runs the API has to know."""
WRONG_SETTING = 2

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Child:
    number: int
    listener: socket.socket
    process: "subprocess.Popen[bytes]"
    started_at: float
    failures: int = 0
    restart_at: float | None = None


class Processes:
    """The processes, one for each socket."""

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        *,
        command: Sequence[str],
        finish_seconds: float,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        """Take the sockets, what to start with a descriptor and a number added, and the patience.

        The process is to end when its standard input does: then its parent is gone.
        """
        self._listeners = listeners
        self._command = command
        self._finish_seconds = finish_seconds
        self._first_pause = first_pause
        self._told = threading.Event()

    def run(self) -> int:
        """Keep all of them running until told to end; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        children = [
            _Child(number, listener, self._launch(number, listener), time.monotonic())
            for number, listener in enumerate(self._listeners, 1)
        ]
        try:
            while not self._told.wait(POLL_SECONDS):
                for child in children:
                    code = self._look_after(child)
                    if code is not None:
                        return code
            return 0
        finally:
            self._end(children)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._told.set()

    def _look_after(self, child: _Child) -> int | None:
        """Start it again where it ended; return the code to end with where that is of no use."""
        now = time.monotonic()
        if child.restart_at is not None:
            if now >= child.restart_at:
                child.process = self._launch(child.number, child.listener)
                child.started_at, child.restart_at = now, None
            return None
        code = child.process.poll()
        return None if code is None else self._schedule(child, code, now)

    def _schedule(self, child: _Child, code: int, now: float) -> int | None:
        if code == WRONG_SETTING:
            return code  # it has said which
        child.failures = 1 if now - child.started_at > STABLE_SECONDS else child.failures + 1
        _LOG.error("Process %d of the API ended with %d", child.number, code)
        if child.failures >= MOST_FAILURES:
            _LOG.critical("Process %d of the API does not stay: all of them end", child.number)
            return 1
        child.restart_at = now + self._first_pause * 2 ** (child.failures - 1)
        return None

    def _launch(self, number: int, listener: socket.socket) -> "subprocess.Popen[bytes]":
        descriptor = listener.fileno()
        return subprocess.Popen(  # noqa: S603 - ourselves
            [*self._command, str(descriptor), str(number)],
            stdin=subprocess.PIPE,
            pass_fds=(descriptor,),
        )

    def _end(self, children: Sequence[_Child]) -> None:
        for child in children:
            child.process.terminate()
        deadline = time.monotonic() + self._finish_seconds
        for child in children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _LOG.warning("Process %d of the API does not end and is killed", child.number)
                child.process.kill()
                child.process.wait()
            if child.process.stdin is not None:
                child.process.stdin.close()
            child.listener.close()


def processes_of_api(listeners: Sequence[socket.socket], finish_seconds: float) -> Processes:
    """Return the processes that serve the API on these sockets."""
    command = [sys.executable, "-m", "api.one_process"]
    return Processes(listeners, command=command, finish_seconds=finish_seconds)
