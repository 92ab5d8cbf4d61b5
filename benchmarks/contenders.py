"""Those who do the job of the throughput benchmark: how to start each, and what it has come to."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import psycopg
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from benchmarks.expected import Applied, Moments
from benchmarks.load import METRIC_TYPES, VARIANTS, WINDOW_DAYS, Load
from schemas.catalog import EVENTS
from storage.stored_totals import stored_totals

PEERS = Path(__file__).parent / "peers"
STOP_SECONDS = 90
_QUIX_REQUIREMENTS = PEERS / "quix_requirements.txt"


@dataclass(frozen=True)
class Place:
    """Where a contender reads and writes: the broker, a database of its own, a group, a folder."""

    kafka: str
    database: str
    group: str
    directory: Path


@dataclass(frozen=True)
class Contender:
    """One way to do the job, by so many processes.

    `can_jump`: its state is in PostgreSQL alone, so it can be set to where a phase begins.
    """

    name: str
    processes: int
    is_ours: bool
    argv: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    can_jump: bool = False
    factor: float | None = None
    """How many times as fast ours has to be, where that is promised."""

    @property
    def title(self) -> str:
        """Name it with its number of processes."""
        return f"{self.name}, {self.processes} process{'es' if self.processes > 1 else ''}"


def contenders(quix_python: str | None) -> list[Contender]:
    """Return all, ours first; without its Python, those of Quix are left out."""
    ours = [
        Contender("Roundtable", number, True, (sys.executable, "-m", "stream_processors"))
        for number in (1, 2)
    ]
    faust_argv = (sys.executable, str(PEERS / "stock_faust_pipeline.py"), "worker")
    faust = [
        Contender(
            "stock Faust agent", number, False, faust_argv, {"FAUST_LOOP": "uvloop"}, True, 10
        )
        for number in (1, 2)
    ]
    return ours + (_quix(quix_python) if quix_python else []) + faust


def _quix(python: str) -> list[Contender]:
    argv = (python, "-W", "ignore", str(PEERS / "quix_pipeline.py"))
    in_postgres, in_rocksdb = {"PEER_STATE": "postgres"}, {"PEER_STATE": "rocksdb"}
    # Beside the promise: as often durable as people who watch a reading want it.
    often = {**in_postgres, "PEER_COMMIT_SECONDS": "1"}
    name = "Quix Streams 3.28"
    return [
        Contender(f"{name}, PostgreSQL, commits each second", 1, False, argv, often, True),
        Contender(f"{name}, state in PostgreSQL", 1, False, argv, in_postgres, True, 3),
        Contender(f"{name}, state in PostgreSQL", 2, False, argv, in_postgres, True, 3),
        Contender(f"{name}, state in its RocksDB", 1, False, argv, in_rocksdb, False, 3),
        Contender(f"{name}, state in its RocksDB", 2, False, argv, in_rocksdb, False, 3),
    ]


def quix_environment(uv: str, directory: Path) -> str:
    """Make the environment of Quix Streams, pinned and verified; return its Python."""
    python = directory / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", "3.11", str(directory)], check=True)
    subprocess.run(
        [uv, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python",
         str(python), str(_QUIX_REQUIREMENTS)],
        check=True,
    )  # fmt: skip
    return str(python)


@contextmanager
def running(contender: Contender, place: Place, load: Load) -> Iterator[list[int]]:
    """Run its processes for the length of the block; yield their ids."""
    environ = _environ(contender, place, load)
    started = []
    with (place.directory / "log").open("ab") as log:
        try:
            for number in range(contender.processes):
                own = {**environ, "ROUNDTABLE_INSTANCE": f"{place.group}-{number}"}
                own["PEER_STATE_DIR"] = tempfile.mkdtemp(dir=place.directory)
                started.append(
                    subprocess.Popen(contender.argv, env=own, stdout=log, stderr=log, cwd=_ROOT)
                )
            yield [process.pid for process in started]
            if any(process.poll() is not None for process in started):
                raise RuntimeError(f"{contender.title} ended by itself: {_last_lines(place)}")
        finally:
            for process in started:
                process.terminate()
            for process in started:
                _wait(process)


_ROOT = Path(__file__).resolve().parent.parent


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_lines(place: Place) -> str:
    return (place.directory / "log").read_text(errors="replace")[-2000:]


def _environ(contender: Contender, place: Place, load: Load) -> Mapping[str, str]:
    job = {
        "experiments": load.keys,
        "variants": VARIANTS,
        "counted": [name.removesuffix("*") for name in METRIC_TYPES],
        "window_us": WINDOW_DAYS * 86_400_000_000,
    }
    return {
        **os.environ,
        "ROUNDTABLE_KAFKA": place.kafka,
        "ROUNDTABLE_DATABASE": place.database,
        "ROUNDTABLE_GROUP": place.group,
        "ROUNDTABLE_HASH_KEY": "throughput-benchmark",
        "ROUNDTABLE_LOG_LEVEL": "WARNING",
        "PEER_KAFKA": place.kafka,
        "PEER_TOPIC": EVENTS.name,
        "PEER_GROUP": place.group,
        "PEER_DATABASE": place.database,
        "PEER_JOB": json.dumps(job),
        **contender.environ,
    }


def next_offsets(connection: psycopg.Connection, contender: Contender) -> dict[int, int]:
    """Return how far each partition was durably applied."""
    if connection.execute("SELECT to_regclass('partition_offsets')").fetchone() == (None,):
        return {}
    only = "WHERE topic = 'events'" if contender.is_ours else ""
    return dict(
        connection.execute(
            f"SELECT partition, next_offset FROM partition_offsets {only}"
        ).fetchall()
    )


def moments_of(database: str, contender: Contender, load: Load) -> Moments:
    """Return the sums that a contender stored; those of nobody are left out."""
    if contender.is_ours:
        return asyncio.run(_our_moments(database, load))
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT experiment, variant, day, n, sum_y, sum_yy FROM moments WHERE n > 0"
        ).fetchall()
    return {row[:3]: row[3:] for row in rows}


async def _our_moments(database: str, load: Load) -> Moments:
    found: Moments = {}
    numbers = {key: number for number, key in enumerate(load.keys)}
    async with await psycopg.AsyncConnection.connect(database) as connection:
        cursor = await connection.execute(
            "SELECT d.id, e.key FROM definitions d JOIN experiments e ON e.id = d.experiment_id "
            "WHERE d.status = 'current'"
        )
        for definition_id, key in await cursor.fetchall():
            totals = await stored_totals(connection, definition_id)
            for (_, variant, day), sums in totals.cells.items():
                if sums[0]:
                    found[numbers[key], variant, day] = tuple(int(s) for s in sums[:3])  # type: ignore[assignment]
    return found


def stored_events(connection: psycopg.Connection) -> int:
    """Count the events that are stored."""
    row = connection.execute("SELECT count(*) FROM events").fetchone()
    assert row is not None
    return int(row[0])


def jump(place: Place, applied: Applied, next_offsets: Mapping[int, int]) -> None:
    """Set a peer that has stopped to where the load was applied up to these offsets.

    It gets the units and sums of everything before, and the group its offsets. It does not get the
    events before, and loses those that it had: a small table and index to insert into, a favour.
    """
    with psycopg.connect(place.database) as connection:
        connection.execute("TRUNCATE events, units, moments, partition_offsets")
        with connection.cursor().copy("COPY units FROM STDIN") as copy:
            for account, packed in _unit_rows(applied):
                copy.write_row((account, packed))
        with connection.cursor().copy("COPY moments FROM STDIN") as copy:
            for cell, sums in applied.moments().items():
                copy.write_row((*cell, *sums))
        with connection.cursor().copy("COPY partition_offsets FROM STDIN") as copy:
            for row in next_offsets.items():
                copy.write_row(row)
    _commit(place, next_offsets)


def _unit_rows(applied: Applied) -> Iterator[tuple[str, bytes]]:
    load, encode = applied.load, msgspec.msgpack.Encoder().encode
    accounts = np.flatnonzero((applied.exposed_us >= 0).all(axis=1))
    columns = []
    for slot in range(load.touching):
        slots = np.full(len(accounts), slot)
        experiments = load.experiments_of(accounts, slots).tolist()
        variants = load.variants_of(accounts, slots).tolist()
        exposed_us = applied.exposed_us[accounts, slot].tolist()
        columns.append(list(zip(experiments, variants, exposed_us, strict=True)))
    touches = applied.touches[accounts].tolist()
    for account, y, *slots_of in zip(accounts.tolist(), touches, *columns, strict=True):
        units = [[*unit, y, False] for unit in slots_of]
        yield f"account-{account:07}.example", encode(units)


def _commit(place: Place, next_offsets: Mapping[int, int]) -> None:
    consumer = KafkaConsumer(
        bootstrap_servers=place.kafka, group_id=place.group, enable_auto_commit=False
    )
    try:
        consumer.commit(
            {
                TopicPartition(EVENTS.name, partition): OffsetAndMetadata(offset, "", -1)
                for partition, offset in next_offsets.items()
            }
        )
    finally:
        consumer.close()
