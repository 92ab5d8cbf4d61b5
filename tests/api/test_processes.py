"""Several processes share one address: none is missed, none is left behind, none fails unseen."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from api.listening import AddressTakenError, open_listeners
from tests.api.serving import wait_for

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def family(mode: str, *, patience: float = 5) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A parent of two processes, and the port that they share."""
    command = [sys.executable, "-m", "tests.api.process_family", mode, str(patience)]
    parent = subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        try:
            yield parent, int(parent.stdout.readline())
        finally:
            parent.kill()


def asked(port: int) -> tuple[int, int]:
    """Number and pid of whichever process answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        number, pid = connection.recv(100).split()
    return int(number), int(pid)


def all_of(port: int) -> dict[int, int]:
    """The pids of both processes by their numbers."""
    found: dict[int, int] = {}
    while len(found) < 2:
        found.update([asked(port)])
    return found


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_connections_go_to_every_process_and_all_end_when_the_parent_is_told() -> None:
    with family("answering") as (parent, port):
        processes = all_of(port)

        parent.send_signal(signal.SIGTERM)

        assert parent.wait(10) == 0
        assert all(is_gone(pid) for pid in processes.values())


def test_a_process_that_dies_is_replaced_and_no_connection_is_refused_or_reset() -> None:
    with family("answering") as (_, port):
        before = all_of(port)
        os.kill(before[1], signal.SIGKILL)

        answers = [asked(port) for _ in range(20)]
        wait_for(lambda: all_of(port)[1] != before[1])

        assert len(answers) == 20
        assert all_of(port)[2] == before[2]


def test_a_process_that_never_stays_ends_all_of_them() -> None:
    with family("failing") as (parent, _):
        _, told = parent.communicate(timeout=20)

    assert parent.returncode == 1
    assert "does not stay" in told


def test_a_wrong_setting_is_not_tried_again() -> None:
    with family("wrong") as (parent, _):
        assert parent.wait(20) == 2


def test_a_process_that_does_not_end_in_time_is_killed() -> None:
    with family("stubborn", patience=0.2) as (parent, port):
        processes = all_of(port)

        parent.send_signal(signal.SIGTERM)

        _, told = parent.communicate(timeout=10)
    assert "does not end and is killed" in told
    assert all(is_gone(pid) for pid in processes.values())


def test_processes_end_when_their_parent_is_killed() -> None:
    with family("answering") as (parent, port):
        processes = all_of(port)

        parent.kill()

        wait_for(lambda: all(is_gone(pid) for pid in processes.values()))


def test_an_address_that_another_deployment_shares_among_its_processes_is_refused() -> None:
    listeners = open_listeners("127.0.0.1", 0, 2)
    port = listeners[0].getsockname()[1]

    with (
        closing(listeners[0]),
        closing(listeners[1]),
        pytest.raises(AddressTakenError, match=f"127.0.0.1:{port} cannot be listened on"),
    ):
        open_listeners("127.0.0.1", port, 2)
