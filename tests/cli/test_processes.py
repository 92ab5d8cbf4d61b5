"""Processes are recognised beyond their pid, found by their mark, and stopped for certain."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.processes import (
    Command,
    NotReadyError,
    ProcessDiedError,
    ProcessRecord,
    is_alive,
    launch,
    record_of,
    run_to_end,
    stop,
    strays,
    wait_until,
)


@pytest.fixture
def sleeper(tmp_path: Path) -> Command:
    return Command("worker", ["/bin/sleep", "60"], tmp_path / "worker.log", tmp_path)


@pytest.fixture
def running(sleeper: Command) -> Iterator[ProcessRecord]:
    process = launch(sleeper)
    yield process
    stop(process)


def test_a_process_is_found_by_the_directory_it_was_started_for(
    running: ProcessRecord, tmp_path: Path
) -> None:
    assert strays(tmp_path) == [("worker", running)]
    assert strays(tmp_path / "other") == []


def test_a_process_outside_of_a_stack_is_not_found(sleeper: Command, tmp_path: Path) -> None:
    process = launch(replace(sleeper, directory=None))

    found = strays(tmp_path)

    stop(process)
    assert found == []


def test_a_pid_that_was_given_to_another_process_is_not_ours(running: ProcessRecord) -> None:
    former = ProcessRecord(running.pid, running.created - 3600)

    stop(former)

    assert not is_alive(former)
    assert is_alive(running)


def test_a_stopped_process_is_gone(sleeper: Command) -> None:
    process = launch(sleeper)

    stop(process)

    assert not is_alive(process)
    stop(process)


def test_a_process_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(60)"
    )
    log = tmp_path / "deaf.log"
    process = launch(Command("deaf", [sys.executable, "-c", code], log, tmp_path))
    while "deaf" not in log.read_text():
        time.sleep(0.01)

    stop(process, gently=signal.SIGTERM, patience=0.2)

    assert not is_alive(process)


def test_a_child_does_not_hear_the_terminal_s_signals(running: ProcessRecord) -> None:
    assert os.getpgid(running.pid) != os.getpgid(0)


def test_the_end_of_the_log_is_shown_when_a_process_dies_while_starting(tmp_path: Path) -> None:
    command = Command(
        "api", ["/bin/sh", "-c", "echo no such table; exit 1"], tmp_path / "api.log", tmp_path
    )
    process = launch(command)

    with pytest.raises(ProcessDiedError, match=r"api ended while starting(?s:.*)no such table"):
        wait_until(lambda: False, process, command, seconds=10)


def test_a_process_that_is_never_ready_is_reported(
    running: ProcessRecord, sleeper: Command
) -> None:
    with pytest.raises(NotReadyError, match="worker is not ready after 0 s"):
        wait_until(lambda: False, running, sleeper, seconds=0)


def test_the_exit_code_of_a_program_that_ends_by_itself_is_returned(tmp_path: Path) -> None:
    command = Command("tool", ["/bin/sh", "-c", "exit 3"], tmp_path / "tool.log", tmp_path)

    assert run_to_end(command) == 3


def test_our_own_process_is_alive() -> None:
    assert is_alive(record_of(os.getpid()))
