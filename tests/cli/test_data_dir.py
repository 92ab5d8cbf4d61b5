"""One process at a time runs the stack of a directory, and secrets are for their owner."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cli.data_dir import DataDir, StackInUseError, write_private


def test_a_directory_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    layout = DataDir.at(tmp_path / "stack")

    with layout.held(), pytest.raises(StackInUseError, match="roundtable down"), layout.held():
        pytest.fail("held twice")


def test_two_directories_are_held_side_by_side(tmp_path: Path) -> None:
    with DataDir.at(tmp_path / "one").held(), DataDir.at(tmp_path / "two").held():
        assert DataDir.at(tmp_path / "one").holder() is not None


def test_a_directory_that_was_let_go_can_be_held_again(tmp_path: Path) -> None:
    layout = DataDir.at(tmp_path)
    with layout.held():
        pass

    assert layout.holder() is None
    with layout.held():
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from cli.data_dir import DataDir\n"
        "with DataDir.at(Path(sys.argv[1])).held(): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        layout = DataDir.at(tmp_path)
        assert layout.holder() == holder.pid
        holder.kill()
        holder.wait()

    assert layout.holder() is None


def test_looking_at_a_directory_does_not_make_it(tmp_path: Path) -> None:
    assert DataDir.existing(tmp_path / "typo") is None
    assert not (tmp_path / "typo").exists()


def test_a_secret_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "token"

    write_private(path, "first")
    write_private(path, "second")

    assert path.read_text() == "second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
