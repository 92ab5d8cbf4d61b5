"""The gateway alone, by as many processes as asked for, on a topic that no worker reads.

`running_gateway` starts them; `python -m benchmarks.gateway_server …` is the parent of them, and
with the socket and the number that it adds, one of them.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from api.listening import open_listeners
from api.one_process import serve
from api.processes import Processes
from api.settings import Settings

TOKEN = "benchmark-token-0001"
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where it listens, and its parent's pid."""

    port: int
    parent: int

    @property
    def pids(self) -> list[int]:
        """The processes that serve."""
        return [child.pid for child in psutil.Process(self.parent).children()]


@contextmanager
def running_gateway(kafka: str, database: str, topic: str, *, processes: int) -> Iterator[Gateway]:
    """Run the gateway for the length of a block."""
    environ = {
        "ROUNDTABLE_KAFKA": kafka,
        "ROUNDTABLE_DATABASE": database,
        "ROUNDTABLE_TOKEN": TOKEN,
        "ROUNDTABLE_HASH_KEY": TOKEN,
    }
    parent = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gateway_server", topic, str(processes)],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert parent.stdout is not None
        yield Gateway(int(parent.stdout.readline()), parent.pid)
    finally:
        parent.terminate()
        parent.wait(STOP_SECONDS)


def main() -> int:
    topic, number, *inherited = sys.argv[1:]
    if inherited:
        listener = socket.socket(fileno=int(inherited[0]))
        serve(Settings.from_env(os.environ), listener, events_topic=topic)
        return 0
    listeners = open_listeners("127.0.0.1", 0, int(number))
    print(listeners[0].getsockname()[1], flush=True)
    command = [sys.executable, "-m", "benchmarks.gateway_server", topic, number]
    return Processes(listeners, command=command, finish_seconds=STOP_SECONDS / 2).run()


if __name__ == "__main__":
    sys.exit(main())
