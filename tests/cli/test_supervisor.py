"""A child that ends is started again; a service that ends ends the stack."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli.processes import Command, ProcessRecord, is_alive, launch, stop
from cli.supervisor import Supervisor, restart_pause


def _wait(condition: threading.Event) -> None:
    assert condition.wait(20)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ProcessRecord]:
    process = launch(Command("kafka", ["/bin/sleep", "60"], tmp_path / "kafka.log", tmp_path))
    yield process
    stop(process)


def test_pauses_grow_up_to_half_a_minute() -> None:
    assert [restart_pause(failures) for failures in (1, 2, 3, 6, 7, 50)] == [
        0.5,
        1.0,
        2.0,
        16.0,
        30.0,
        30.0,
    ]


def test_a_child_that_dies_is_started_again(service: ProcessRecord, tmp_path: Path) -> None:
    command = Command("worker", ["/bin/sleep", "60"], tmp_path / "worker.log", tmp_path)
    first = launch(command)
    restarted = threading.Event()
    successors: list[tuple[str, ProcessRecord]] = []
    said: list[str] = []

    def note(role: str, process: ProcessRecord) -> None:
        successors.append((role, process))
        restarted.set()

    supervisor = Supervisor({"kafka": service}, said.append, note)
    supervisor.adopt(command, first)
    thread = threading.Thread(target=supervisor.watch)
    thread.start()
    os.kill(first.pid, signal.SIGKILL)
    _wait(restarted)
    supervisor.stopping.set()
    thread.join()

    ((role, second),) = successors
    assert role == "worker"
    assert second != first
    assert is_alive(second)
    assert "worker ended" in said[0]
    assert not psutil.pid_exists(first.pid), "no zombie is left"
    stop(second)


def test_the_stack_ends_with_a_service(service: ProcessRecord) -> None:
    supervisor = Supervisor({"kafka": service}, lambda _: None, lambda *_: None)
    thread = threading.Thread(target=supervisor.watch)
    thread.start()

    stop(service, patience=0)
    _wait(supervisor.ended)
    thread.join()

    assert supervisor.failure == "kafka ended unexpectedly."


def test_a_supervisor_that_is_stopped_reports_no_failure(service: ProcessRecord) -> None:
    supervisor = Supervisor({"kafka": service}, lambda _: None, lambda *_: None)
    supervisor.stopping.set()

    supervisor.watch()

    assert supervisor.failure is None
