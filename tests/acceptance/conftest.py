"""A whole stack as a person runs it: Kafka, PostgreSQL, worker and API as processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.data_dir import DataDir
from cli.reporting import silent
from cli.running import EVERYTHING, Parts, running_stack
from cli.settings import Settings
from cli.stack import Stack, recorded
from tests.services import open_directory


@contextmanager
def whole_stack(settings: Settings, parts: Parts = EVERYTHING) -> Iterator["RunningHere"]:
    with (
        open_directory("roundtable-acceptance-") as directory,
        running_stack(directory / "data", settings, parts, silent),
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

    def start_worker(self) -> "subprocess.Popen[bytes]":
        """Start a worker of this stack; a member of its group that comes back at once."""
        environ = {
            **os.environ,
            "ROUNDTABLE_KAFKA": self.stack.kafka,
            "ROUNDTABLE_DATABASE": self.stack.database,
            "ROUNDTABLE_HASH_KEY": DataDir(self.data_dir).hash_key_file.read_text().strip(),
            "ROUNDTABLE_INSTANCE": "the-one-that-is-killed",
            # So that there are more batches than kills.
            "ROUNDTABLE_WORKER_BATCH_RECORDS": "2000",
        }
        with (self.data_dir / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "stream_processors"], env=environ, stdout=log, stderr=log
            )


@pytest.fixture(scope="session")
def running(service_settings: Settings) -> Iterator[RunningHere]:
    """One stack for the session; every test uses experiments of its own."""
    with whole_stack(service_settings) as found:
        yield found


@pytest.fixture
def without_worker(service_settings: Settings) -> Iterator[RunningHere]:
    """A fresh stack whose worker the test starts by itself, and kills."""
    with whole_stack(service_settings, Parts(worker=False)) as found:
        yield found
