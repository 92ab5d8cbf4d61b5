"""What a fault is given: the stack, the load, the ledger, and ways to look at what happens."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tests.chaos.company import Company
from tests.chaos.doors import Gateway, Log
from tests.chaos.ledger import Ledger
from tests.chaos.load import Load
from tests.chaos.progress import Watcher
from tests.chaos.stack import Stack


@dataclass
class Scene:
    """Everything that runs while faults happen; `gateway` and `log` are not those of the load."""

    stack: Stack
    company: Company
    ledger: Ledger
    load: Load
    watcher: Watcher
    gateway: Gateway
    log: Log

    def set_build(self, build: str, *, workers: int) -> None:
        """Go on with other workers, and with load."""
        self.stack.set_workers(0)
        self.stack.build = build
        self.stack.set_workers(workers)
        self.load.resume()

    def a_worker(self, choice: int) -> str:
        """Return the name of one of the workers that have to run."""
        names = self.stack.workers()
        return names[choice % len(names)]


@dataclass(frozen=True, slots=True)
class LogMark:
    """A place in a log file, to see what was written since."""

    path: Path
    at: int

    @classmethod
    def end_of(cls, path: Path) -> "LogMark":
        """Mark where the file ends now."""
        return cls(path, path.stat().st_size if path.exists() else 0)

    def count(self, text: str) -> int:
        """Return how many lines since hold a text."""
        with self.path.open("rb") as file:
            file.seek(self.at)
            return sum(text.encode() in line for line in file)


def wait_for(look: Callable[[], object], seconds: float) -> bool:
    """Look until something is there; False where it does not come in time."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if look():
            return True
        time.sleep(0.02)
    return False


@contextmanager
def locked(scene: Scene, table: str) -> Iterator[psycopg.Connection]:
    """Hold a table for ourselves alone; the connection that is given is another one, to look."""
    with scene.stack.connect() as holder, scene.stack.connect() as looking, holder.transaction():
        lock = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE")
        holder.execute(lock.format(sql.Identifier(table)))
        yield looking


def waits_for_lock(connection: psycopg.Connection, worker: str) -> bool:
    """Say whether a transaction of this worker waits for a table that somebody locked."""
    query = """SELECT FROM pg_stat_activity WHERE application_name = %s
               AND wait_event_type = 'Lock' AND wait_event = 'relation'"""
    return connection.execute(query, [f"worker-{worker}"]).fetchone() is not None


def has_transaction(connection: psycopg.Connection, worker: str) -> bool:
    """Say whether a session of this worker is in the midst of a transaction."""
    query = """SELECT FROM pg_stat_activity
               WHERE application_name = %s AND xact_start IS NOT NULL"""
    return connection.execute(query, [f"worker-{worker}"]).fetchone() is not None
