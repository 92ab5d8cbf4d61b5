"""A whole stack as a person runs it: Kafka, PostgreSQL, worker and API as processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.data_dir import DataDir
from cli.reporting import silent
from cli.running import EVERYTHING, running_stack
from cli.settings import Settings
from cli.stack import Stack, recorded
from tests.services import open_directory


@contextmanager
def whole_stack(settings: Settings) -> Iterator["RunningHere"]:
    with (
        open_directory("roundtable-acceptance-") as directory,
        running_stack(directory / "data", settings, EVERYTHING, silent),
    ):
        yield RunningHere(directory / "data")


class RunningHere:
    """A stack in a directory of its own; processes are looked up anew, they may be restarted."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    @property
    def stack(self) -> Stack:
        found = recorded(self.data_dir)
        assert found is not None
        return found

    @property
    def url(self) -> str:
        return str(self.stack.http)

    @property
    def token(self) -> str:
        return self.stack.token

    def worker_pid(self) -> int:
        return self.stack.processes["worker"].pid

    def log(self, name: str) -> str:
        return (DataDir(self.data_dir).logs / name).read_text(errors="replace")


@pytest.fixture(scope="session")
def running(service_settings: Settings) -> Iterator[RunningHere]:
    """One stack for the session; every test uses experiments of its own."""
    with whole_stack(service_settings) as found:
        yield found


@pytest.fixture
def fresh_stack(service_settings: Settings) -> Iterator[RunningHere]:
    """A stack with nothing in it, for one test."""
    with whole_stack(service_settings) as found:
        yield found
