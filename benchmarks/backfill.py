"""How fast a new metric is counted over a stored history, alone and beside a live stream.

    python -m benchmarks.backfill [--events 10000000 --accounts 1000000] [--database CONNINFO]

Two definitions are built through the worker's own builder: of an experiment that some accounts met
(one of --experiments, of which each account met two) and of one that all met. Covered are all
stored events, as whoever registers a metric means it; read are those that had to leave the
database. Each result is held to what SQL alone counts.

Without --database it runs a PostgreSQL of its own.
"""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from rich.console import Console
from rich.table import Table

from benchmarks.backfill_history import (
    EVERYONE,
    METRIC_TYPES,
    START,
    WINDOW,
    History,
    expected_of,
    fill,
)
from cli.postgres_server import PostgresHome, running_postgres
from schemas.events import Event
from schemas.resources import (
    EventFilter,
    ExperimentDraft,
    Measure,
    MetricDraft,
    MetricKind,
    MetricUse,
    Side,
    Variant,
)
from storage import migrate
from storage.batches import AloneInGateRequired, DecodedBatch, LogEvent, apply_batch
from storage.builds import BuildStep
from storage.definitions import NOTHING_LOADED, ActiveDefinitions
from storage.offsets import open_partition
from storage.pool import RETRYABLE, Pool, open_pool
from storage.readings import load_totals
from storage.registry import add_experiment, add_metric, start_experiment
from stream_processors.builder import build_definitions

BATCH = 1_000
"""Events of a live batch."""


class UnequalError(Exception):
    """A build did not come to what the events come to: no speed of it is worth printing."""


@dataclass(frozen=True)
class Built:
    """One build: what it took here and in the database, what it read, how long its steps were."""

    title: str
    seconds: float
    cpu_seconds: float
    server_seconds: float
    covered: int
    read: int
    homes: int
    steps: Sequence[float]
    live: "Live | None"


@dataclass
class Watching:
    """Notes the steps of the builder until the last one."""

    steps: list[BuildStep] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def stepped(self, step: BuildStep) -> None:
        """Note a step."""
        self.steps.append(step)
        self.times.append(time.perf_counter())
        if step.is_last:
            self.done.set()

    def retried(self, cause: Exception) -> None:
        """Say that a step is done again."""
        print(f"a step is done again: {cause}")


@dataclass
class Live:
    """A live stream of touches beside, at a steady rate as far as the machine carries it."""

    pool: Pool
    rate: int
    accounts: int
    topic: UUID = field(default_factory=uuid4)
    known: ActiveDefinitions = NOTHING_LOADED
    sent: int = 0
    seconds: list[float] = field(default_factory=list)

    async def run(self) -> None:
        """Apply batch after batch until it is cancelled."""
        async with self.pool.connection() as connection:
            await open_partition(connection, self.topic, "events", 0, 0)
        random = np.random.default_rng(7)
        started = time.perf_counter()
        while True:
            await asyncio.sleep(max(0.0, started + self.sent / self.rate - time.perf_counter()))
            await self._take(random.integers(0, self.accounts, BATCH).tolist())

    async def _take(self, accounts: Sequence[int]) -> None:
        begin = time.perf_counter()
        events = [self._event(self.sent + n, account) for n, account in enumerate(accounts)]
        following = self.sent + len(events)
        batch = DecodedBatch(self.topic, "events", 0, self.sent, following, events, ())
        # Whole, or a cancelled batch would be counted here and not there.
        self.known = await asyncio.shield(_apply(self.pool, batch, self.known))
        self.sent = following
        self.seconds.append(time.perf_counter() - begin)

    def _event(self, number: int, account: int) -> LogEvent:
        home = f"account-{account:07}.example"
        time_us = int(START.timestamp() * 1e6) + 20 * 86_400_000_000 + number
        event = Event(
            source=f"live-{self.topic}",
            id=str(number),
            type="engagement.page.viewed",
            time_us=time_us,
            account=home,
            data={"message": "mailing-3"},
        )
        return LogEvent(event, home.encode(), time_us)


def main() -> int:
    arguments = _arguments()
    history = History(arguments.accounts, arguments.events, arguments.experiments)
    with _server(arguments.database) as server, _database(server) as conninfo:
        begin = time.perf_counter()
        fill(conninfo, history)
        seconds = time.perf_counter() - begin
        print(f"{history.events:,} events stored in {seconds:.0f} s", flush=True)
        _print(asyncio.run(_measured(conninfo, history, arguments)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default=os.environ.get("ROUNDTABLE_DATABASE"))
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--experiments", type=int, default=200)
    parser.add_argument("--live", type=int, default=2_000, help="events/s beside, 0 for none")
    arguments = parser.parse_args()
    if arguments.events < 4 * arguments.accounts:
        parser.error("--events: at least four for each account, three of which are exposures")
    return arguments


@contextmanager
def _server(known: str | None) -> Iterator[str]:
    if known is not None:
        yield known
        return
    with tempfile.TemporaryDirectory(prefix="roundtable-backfill-") as made:
        directory = Path(made)
        directory.chmod(0o711)  # PostgreSQL under root runs as another user
        home = PostgresHome(directory / "postgres", directory / "log", directory)
        with running_postgres(home, 0) as postgres:
            yield postgres.conninfo


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"backfill_{uuid4().hex[:8]}"
    _execute(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        conninfo = make_conninfo(server, dbname=name)
        migrate.apply(conninfo)
        yield conninfo
    finally:
        _execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


async def _measured(
    conninfo: str, history: History, arguments: argparse.Namespace
) -> Sequence[Built]:
    found = []
    async with open_pool(conninfo, name="backfill", size=2, durable=False) as pool:
        await _add_metric(pool)
        for experiment, title in (("load-00000", "some accounts"), (EVERYONE, "all accounts")):
            await _start(pool, experiment)
            found.append(await _build(pool, title, history, None))
            await _check(conninfo, pool, experiment)
            if arguments.live:
                await _stop_counting(pool)
                await _start_again(pool, experiment)
                live = Live(pool, arguments.live, history.accounts)
                found.append(await _build(pool, f"{title}, live beside", history, live))
                await _check(conninfo, pool, experiment)
    return found


async def _stop_counting(pool: Pool) -> None:
    """Let the first build's definition be retired, as an amendment would."""
    async with pool.connection() as connection:
        await connection.execute("UPDATE definitions SET status = 'retired'")
        await connection.execute("UPDATE registry_revision SET revision = revision + 1")


async def _start_again(pool: Pool, experiment: str) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO definitions (experiment_id, epoch, body, status, created_at) "
            "SELECT d.experiment_id, d.epoch + 1, d.body, 'building', now() FROM definitions d "
            "JOIN experiments e ON e.id = d.experiment_id WHERE e.key = %s",
            (experiment,),
        )


async def _build(pool: Pool, title: str, history: History, live: Live | None) -> Built:
    watching = Watching()
    async with _running(live):
        begin, cpu, server = time.perf_counter(), _cpu_seconds(), await _server_seconds(pool)
        builder = asyncio.create_task(build_definitions(pool, lambda: datetime.now(UTC), watching))
        finished = asyncio.create_task(watching.done.wait())
        await asyncio.wait((builder, finished), return_when=asyncio.FIRST_COMPLETED)
        seconds, cpu = time.perf_counter() - begin, _cpu_seconds() - cpu
        server = await _server_seconds(pool) - server
        await _cancelled(builder)
        await finished
    times = [begin, *watching.times]
    return Built(
        title=title,
        seconds=seconds,
        cpu_seconds=cpu,
        server_seconds=server,
        covered=history.events,
        read=sum(step.events for step in watching.steps),
        homes=sum(step.evaluated for step in watching.steps),
        steps=[after - before for before, after in pairwise(times)],
        live=live,
    )


@asynccontextmanager
async def _running(live: Live | None) -> AsyncIterator[None]:
    if live is None:
        yield
        return
    stream = asyncio.create_task(live.run())
    await asyncio.sleep(1)
    live.seconds.clear()
    try:
        yield
    finally:
        await _cancelled(stream)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _server_seconds(pool: Pool) -> float:
    """CPU seconds of the sessions of this benchmark; they stay connected from the start on."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'backfill'"
        )
        used = [psutil.Process(pid).cpu_times() for (pid,) in await cursor.fetchall()]
    return float(sum(one.user + one.system for one in used))


async def _apply(pool: Pool, batch: DecodedBatch, known: ActiveDefinitions) -> ActiveDefinitions:
    """Apply a batch as the worker does: alone where it has to be, again where it may."""
    alone = False
    while True:
        try:
            async with pool.connection() as connection:
                return (await apply_batch(connection, batch, known, alone=alone)).definitions
        except AloneInGateRequired:
            alone = True
        except RETRYABLE as error:
            print(f"a batch is done again: {error}")


async def _check(conninfo: str, pool: Pool, experiment: str) -> None:
    async with pool.connection() as connection:
        totals = await load_totals(connection, experiment)
    assert totals is not None
    moments = [increment.moments for increment in totals.cells.values()]
    found = (sum(m.n for m in moments), sum(int(m.sum_y) for m in moments))
    with psycopg.connect(conninfo) as connection:
        expected = expected_of(connection, experiment)
    if found != expected:
        raise UnequalError(f"{experiment}: accounts and touches are {found}, not {expected}")


async def _add_metric(pool: Pool) -> None:
    draft = MetricDraft(
        key="touches",
        name="Touches",
        meaning="Something happened at the account",
        owner=Side.MARKETING,
        kind=MetricKind.COUNT,
        measure=Measure(filter=EventFilter(types=METRIC_TYPES)),
        window=WINDOW,
    )
    async with pool.connection() as connection:
        await add_metric(connection, draft, at=START)


async def _start(pool: Pool, key: str) -> None:
    draft = ExperimentDraft(
        key=key,
        name=key,
        hypothesis="The backfill keeps up",
        owner=Side.MARKETING,
        variants=(Variant(key="control", control=True), Variant(key="treatment")),
        metrics=(MetricUse(metric="touches"),),
        starts_at=START,
        planned_units=20_000,
    )
    async with pool.connection() as connection:
        await add_experiment(connection, draft, at=START)
    async with pool.connection() as connection:
        await start_experiment(connection, key, at=START, reporting_currency="EUR")


_HEADINGS = (
    *("", "covered/s", "seconds", "CPU s here", "CPU s in PostgreSQL", "events read", "homes"),
    *("step ms p50, p99, max", "live/s", "live batch ms p50, p99"),
)


def _print(figures: Sequence[Built]) -> None:
    table = Table(title="A backfill of one metric")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    for built in figures:
        live = built.live
        table.add_row(
            built.title,
            f"{built.covered / built.seconds:,.0f}",
            f"{built.seconds:.1f}",
            f"{built.cpu_seconds:.1f}",
            f"{built.server_seconds:.1f}",
            f"{built.read:,}",
            f"{built.homes:,}",
            _milliseconds(built.steps, 50, 99, 100),
            "" if live is None else f"{len(live.seconds) * BATCH / built.seconds:,.0f}",
            "" if live is None else _milliseconds(live.seconds, 50, 99),
        )
    Console(width=160).print(table)


def _milliseconds(seconds: Sequence[float], *percentiles: int) -> str:
    found = np.percentile(np.array(seconds), percentiles) if seconds else ()
    return ", ".join(f"{1_000 * one:,.0f}" for one in found)


if __name__ == "__main__":
    sys.exit(main())
