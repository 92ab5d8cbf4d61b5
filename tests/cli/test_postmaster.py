"""A cluster's lock is believed only as far as the system confirms it."""

import os
from pathlib import Path

from cli.postmaster import drop_stale_lock, running_postmaster
from cli.processes import Command, launch, record_of, stop


def _lock(data: Path, pid: int) -> Path:
    path = data / "postmaster.pid"
    path.write_text(f"{pid}\n{data}\n1700000000\n5433\n\n127.0.0.1\n  1  2\nready   \n")
    return path


def test_a_lock_whose_pid_belongs_to_another_program_is_removed(tmp_path: Path) -> None:
    lock = _lock(tmp_path, os.getpid())

    assert running_postmaster(tmp_path) is None
    drop_stale_lock(tmp_path)

    assert not lock.exists()


def test_a_lock_whose_process_is_gone_is_removed(tmp_path: Path) -> None:
    process = launch(Command("gone", ["/bin/sleep", "60"], tmp_path / "log", None))
    stop(process, patience=0)
    lock = _lock(tmp_path, process.pid)

    drop_stale_lock(tmp_path)

    assert not lock.exists()


def test_the_lock_of_a_running_server_is_kept_and_names_its_port(tmp_path: Path) -> None:
    # Any process started for this directory: the server's own is tried in the other tests.
    argv = ["/bin/sh", "-c", "sleep 60; :", "-D", str(tmp_path)]
    process = launch(Command("postgres", argv, tmp_path / "log", None))
    lock = _lock(tmp_path, process.pid)

    found = running_postmaster(tmp_path)
    drop_stale_lock(tmp_path)

    assert lock.exists()
    assert found is not None
    assert (found.process, found.port) == (record_of(process.pid), 5433)
    stop(process)


def test_a_cluster_without_a_lock_has_no_server(tmp_path: Path) -> None:
    drop_stale_lock(tmp_path)

    assert running_postmaster(tmp_path) is None
