"""The program lists its commands, runs one, and shows errors as sentences."""

import argparse
from pathlib import Path

import pytest

from cli import main as program
from cli.main import SUBCOMMANDS, main


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(subcommand.name in shown for subcommand in SUBCOMMANDS)


@pytest.mark.parametrize("name", ["up", "down", "status", "doctor", "migrate", "topics"])
def test_a_command_s_help_names_the_data_directory(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    assert ended.value.code == 0
    assert "--data-dir" in capsys.readouterr().out


def test_the_help_of_up_lists_the_environment(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["up", "--help"])

    assert "ROUNDTABLE_DATABASE" in capsys.readouterr().out


def test_an_error_that_a_person_can_act_on_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUNDTABLE_KAFKA_PORT", "many")

    code = main(["up", "--data-dir", str(tmp_path)])

    assert code == 2
    assert "ROUNDTABLE_KAFKA_PORT is 'many'" in capsys.readouterr().err


def test_a_file_of_another_user_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused:
        def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

        def run(self, _: argparse.Namespace) -> int:
            raise PermissionError(13, "Permission denied", "/srv/stack/lock")

    monkeypatch.setattr(program, "_load", lambda _: Refused())

    assert main(["down"]) == 2
    assert "/srv/stack/lock belongs to another user" in capsys.readouterr().err


def test_nothing_running_is_no_failure_for_down_but_one_for_status(tmp_path: Path) -> None:
    assert main(["down", "--data-dir", str(tmp_path)]) == 0
    assert main(["status", "--data-dir", str(tmp_path)]) == 1


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dance"])

    assert ended.value.code == 2
    assert "dance" in capsys.readouterr().err
