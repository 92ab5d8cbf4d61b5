"""Runs one contender of the throughput benchmark through the phases, and holds it to its sums."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from benchmarks.contenders import (
    Contender,
    Place,
    jump,
    moments_of,
    next_offsets,
    running,
    stored_events,
)
from benchmarks.expected import PHASES, Applied, applied_up_to
from benchmarks.load import Load
from benchmarks.phase_rates import Cpu, Offsets, Rate, Sample, rate_of
from cli.reporting import to_console
from cli.stack import Stack

SAMPLE_SECONDS = 0.25
STUCK_SECONDS = 120
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Plan:
    """The load, and for how many seconds a phase of ours and of a peer is measured at most."""

    load: Load
    our_seconds: float
    peer_seconds: float


@dataclass(frozen=True)
class Ground:
    """What all contenders stand on: the services, the filled topic, where its phases end."""

    stack: Stack
    plan: Plan
    partitions: int
    ends: Mapping[str, Offsets]
    directory: Path

    def begin_of(self, phase: str) -> Offsets:
        """Return the offsets at which a phase begins."""
        place = PHASES.index(phase)
        before = dict.fromkeys(range(self.partitions), 0)
        return self.ends[PHASES[place - 1]] if place else before


@dataclass(frozen=True)
class Measured:
    """A contender that has stored what it had to, with its phases and its largest process."""

    contender: Contender
    rates: Mapping[str, Rate]
    memory_mib: float
    events: int


class UnequalError(Exception):
    """A contender did not come to what the load comes to: no speed of it is worth printing."""


def measure(contender: Contender, ground: Ground) -> Measured:
    """Run a contender into a database of its own. Raises UnequalError."""
    to_console(f"Running {contender.title}")
    group = "bench-" + "".join(c if c.isalnum() else "-" for c in contender.title.lower())
    directory = ground.directory / group
    directory.mkdir()
    try:
        with _database(ground.stack.database, group.replace("-", "_"), contender) as database:
            run = _Run(contender, Place(ground.stack.kafka, database, group, directory), ground)
            measured = run.measured()
    finally:
        shutil.rmtree(directory)
    for phase, rate in measured.rates.items():
        to_console(f"  {phase} {rate.per_second:,.0f} events/s")
    return measured


@contextmanager
def _database(server: str, name: str, contender: Contender) -> Iterator[str]:
    """Make a database: for ours, with the experiments as they were registered."""
    with psycopg.connect(server, autocommit=True) as connection:
        template = connection.info.dbname if contender.is_ours else "template1"
        names = (sql.Identifier(name), sql.Identifier(template))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        try:
            yield make_conninfo(server, dbname=name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(names[0]))
            connection.execute("CHECKPOINT")  # the next one does not pay for it


class _Run:
    """One contender's way through the phases; `_stored` counts the events that it has to keep."""

    def __init__(self, contender: Contender, place: Place, ground: Ground) -> None:
        self._contender = contender
        self._place = place
        self._ground = ground
        self._stored = 0
        self._memory = 0.0

    def measured(self) -> Measured:
        """Run all phases, in one go or one by one, and verify each stop."""
        rates: dict[str, Rate] = {}
        phases = [p for p in PHASES if self._ground.begin_of(p) != self._ground.ends[p]]
        legs = [[phase] for phase in phases] if self._contender.can_jump else [phases]
        for leg in legs:
            samples = self._run(leg)
            for phase in leg:
                ends = self._ground.ends[phase]
                rate = rate_of(samples, self._ground.begin_of(phase), ends)
                if rate is not None:
                    rates[phase] = rate
        return Measured(self._contender, rates, self._memory, self._stored)

    def _run(self, leg: Sequence[str]) -> list[Sample]:
        begin = self._ground.begin_of(leg[0])
        if any(begin.values()):
            jump(self._place, self._applied(begin), begin)
            self._stored = 0
        with psycopg.connect(self._place.database, autocommit=True) as connection:
            with running(self._contender, self._place, self._ground.plan.load) as pids:
                samples = self._watch(connection, pids, leg, begin)
            reached = {**begin, **next_offsets(connection, self._contender)}
            self._stored += sum(reached.values()) - sum(begin.values())
            self._verify(connection, reached)
        return samples

    def _watch(
        self,
        connection: psycopg.Connection,
        pids: Sequence[int],
        leg: Sequence[str],
        begin: Offsets,
    ) -> list[Sample]:
        """Sample until the leg ends, or its time is over."""
        watched = [psutil.Process(pid) for pid in pids]
        samples, changed_at = [self._sample(connection, watched, begin)], time.monotonic()
        since: dict[str, float] = {}
        while not self._is_over(samples, leg, since):
            time.sleep(SAMPLE_SECONDS)
            sample = self._sample(connection, watched, begin)
            if sample.offsets != samples[-1].offsets:
                changed_at = time.monotonic()
            elif time.monotonic() - changed_at > STUCK_SECONDS:
                raise RuntimeError(f"{self._contender.title} stands still")
            samples.append(sample)
        return samples

    def _is_over(
        self, samples: Sequence[Sample], leg: Sequence[str], since: dict[str, float]
    ) -> bool:
        """Tell whether the last phase is done, or one has had its time since its first commit.

        Who cannot jump gets as long as it takes for the exposures: the other phases need them.
        """
        if samples[-1].offsets == samples[0].offsets:
            return False  # it starts
        done = sum(samples[-1].offsets.values())
        ends = [sum(self._ground.ends[phase].values()) for phase in leg]
        if done >= ends[-1]:
            return True
        phase = next(phase for phase, end in zip(leg, ends, strict=True) if done < end)
        begun = since.setdefault(phase, time.monotonic())
        is_needed = phase == PHASES[0] and len(leg) > 1
        return not is_needed and time.monotonic() - begun > self._seconds

    @property
    def _seconds(self) -> float:
        plan = self._ground.plan
        return plan.our_seconds if self._contender.is_ours else plan.peer_seconds

    def _sample(
        self, connection: psycopg.Connection, workers: Sequence[psutil.Process], begin: Offsets
    ) -> Sample:
        offsets = {**begin, **next_offsets(connection, self._contender)}
        processes = self._ground.stack.processes
        cpu = Cpu(
            workers=sum(_cpu_seconds(worker) for worker in workers),
            broker=_cpu_seconds(psutil.Process(processes["kafka"].pid)),
            postgres=_cpu_seconds(psutil.Process(processes["postgres"].pid)),
        )
        largest = max(worker.memory_info().rss for worker in workers)
        self._memory = max(self._memory, largest / MEBIBYTE)
        return Sample(time.monotonic(), offsets, cpu)

    def _applied(self, offsets: Offsets) -> Applied:
        return applied_up_to(self._ground.plan.load, offsets, self._ground.partitions)

    def _verify(self, connection: psycopg.Connection, reached: Offsets) -> None:
        expected = self._applied(reached).moments()
        found = moments_of(self._place.database, self._contender, self._ground.plan.load)
        title = self._contender.title
        if found != expected:
            different = sum(found.get(c) != expected.get(c) for c in found.keys() | expected.keys())
            raise UnequalError(f"{title}: {different:,} of {len(expected):,} cells are different")
        stored = stored_events(connection)
        if stored != self._stored:
            raise UnequalError(f"{title}: {stored:,} events are stored, not {self._stored:,}")
        to_console(f"  {len(expected):,} cells are exact after {self._stored:,} stored events")


def _cpu_seconds(process: psutil.Process) -> float:
    """Return what a process and its children have used, those included that have ended."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if one == process:
            total += times.children_user + times.children_system
    return total
