"""Measures the whole stream against its peers: from the topic to durable, exact sums.

    python -m benchmarks.throughput [--quick]

One machine, one broker, one PostgreSQL, and one topic that is filled beforehand. Each contender
runs alone and from the first event on, into a database of its own. Before a speed is printed, its
sums must equal those that are worked out from the load's numbers, to the last unit, and it must
have stored each event. Slow ones are set to where a phase begins instead of waiting for it, with
the state that they would have had. Writes benchmarks/results/throughput.md and .png.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

import psycopg
from kafka import KafkaConsumer, TopicPartition

from benchmarks.contenders import Contender, contenders, quix_environment
from benchmarks.expected import PHASES, ends_of, phases_of
from benchmarks.load import Load, register_load
from benchmarks.phase_rates import Offsets
from benchmarks.prefill import prefill
from benchmarks.throughput_report import is_kept, write_report
from benchmarks.throughput_run import Ground, Plan, measure
from cli.reporting import to_console
from cli.running import RunningStack, running_stack
from cli.settings import Settings
from schemas.catalog import EVENTS

RESULTS = Path(__file__).parent / "results"
READY_SECONDS = 120
FULL = (1_000_000, 10_000_000, 1_000_000, 1_200, 60)
"""Accounts, touches and mixed events; seconds for a phase of ours and of a peer. The touches take
five minutes at 30,000 a second, and then some."""
QUICK = (50_000, 1_500_000, 300_000, 20, 20)


def main() -> int:
    """Print and write the figures; 1 where a promise was not kept."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _leave)  # the services are stopped on the way out
    with tempfile.TemporaryDirectory(prefix="roundtable-throughput-") as name:
        directory = Path(name)
        directory.chmod(0o711)  # PostgreSQL under root runs as another user
        chosen = _chosen(arguments, directory)
        settings = Settings.from_env(os.environ)
        with running_stack(directory / "data", settings, report=to_console) as stack:
            ground = _prepare(stack, _plan(arguments), directory)
            measured = [measure(contender, ground) for contender in chosen]
    write_report(measured, ground.plan.load, arguments.into)
    return 0 if is_kept(measured) else 1


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.throughput")
    parser.add_argument("--quick", action="store_true", help="fewer accounts and events")
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--experiments", type=int, default=200)
    parser.add_argument("--events", type=int, help="touches")
    parser.add_argument("--mixed", type=int, help="events of the mixed phase")
    parser.add_argument("--skew", type=float, default=0.0, help="0 uniform, 1 Zipf")
    parser.add_argument("--seconds", type=float, help="a phase of ours at most")
    parser.add_argument("--peer-seconds", type=float, help="a phase of the others at most")
    parser.add_argument("--into", type=Path, default=RESULTS, help="where the table is written")
    parser.add_argument("--only", nargs="+", default=[""], help="part of the names of those to run")
    return parser.parse_args()


def _plan(arguments: argparse.Namespace) -> Plan:
    sizes = QUICK if arguments.quick else FULL
    accounts, touches, mixed, seconds, peer_seconds = sizes
    load = Load(
        accounts=arguments.accounts or accounts,
        experiments=arguments.experiments,
        touches=touches if arguments.events is None else arguments.events,
        mixed=mixed if arguments.mixed is None else arguments.mixed,
        skew=arguments.skew,
    )
    return Plan(load, arguments.seconds or seconds, arguments.peer_seconds or peer_seconds)


def _chosen(arguments: argparse.Namespace, directory: Path) -> list[Contender]:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    quix = quix_environment(uv, directory / "quix") if uv else None
    chosen = [c for c in contenders(quix) if any(part in c.title for part in arguments.only)]
    if not chosen:
        raise SystemExit(f"no contender is called {arguments.only!r}")
    return chosen


def _prepare(running: RunningStack, plan: Plan, directory: Path) -> Ground:
    """Register the experiments, wait until the worker has taken them up, and fill the topic."""
    stack, load = running.stack, plan.load
    assert stack.http is not None
    to_console(f"Registering {load.experiments} experiments")
    register_load(stack.http, stack.token, load)
    _wait_until_current(stack.database, load.experiments)
    running.stop_applications()
    for phase, chunks in phases_of(load):
        started = time.perf_counter()
        rows = (chunk.rows for chunk in chunks)
        written = asyncio.run(prefill(stack.kafka, EVENTS.name, load.templates, rows))
        seconds = time.perf_counter() - started
        to_console(f"Wrote {written:,} {phase}, {written / seconds:,.0f} a second")
    ends = ends_of(load, EVENTS.partitions)
    _check_filled(stack.kafka, ends[PHASES[-1]])
    return Ground(stack, plan, EVENTS.partitions, ends, directory)


def _wait_until_current(database: str, experiments: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while time.monotonic() < deadline:
            found = connection.execute("SELECT count(*) FROM definitions WHERE status = 'current'")
            if found.fetchone() == (experiments,):
                return
            time.sleep(0.5)
    raise SystemExit("the worker did not take up the experiments")


def _check_filled(kafka: str, ends: Offsets) -> None:
    """The expected sums count on it: the topic holds the load from offset 0 on, and no more."""
    asked = [TopicPartition(EVENTS.name, number) for number in ends]
    consumer = KafkaConsumer(bootstrap_servers=kafka)
    try:
        first, last = consumer.beginning_offsets(asked), consumer.end_offsets(asked)
    finally:
        consumer.close()
    assert all(offset == 0 for offset in first.values())
    assert {partition.partition: offset for partition, offset in last.items()} == ends


if __name__ == "__main__":
    sys.exit(main())
