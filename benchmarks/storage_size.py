"""Measures what a million events take on disk, by table and index, for the load of throughput.

    python -m benchmarks.storage_size [--accounts 20000 --events 160000]

Stores the load as a worker does, in a PostgreSQL of its own, and looks at the files afterwards.
Accounts have eight touches each unless told otherwise: what is kept once for an account is shown
by account as well. Writes benchmarks/results/storage_size.md.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from benchmarks.load import METRIC, METRIC_TYPES, WINDOW_DAYS, Load
from cli.postgres_server import PostgresHome, running_postgres
from cli.reporting import to_console
from schemas.codec import decode_logged
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
from storage.definitions import NOTHING_LOADED, ActiveDefinitions
from storage.offsets import open_partition
from storage.pool import Connection
from storage.registry import add_experiment, add_metric, start_experiment

RESULTS = Path(__file__).parent / "results" / "storage_size.md"
BATCH = 5_000
TOPIC_ID = UUID("00000000-0000-0000-0000-000000000001")
START = datetime(2025, 1, 1, tzinfo=UTC)
# A partitioned table is the sum of its leaves; an index of a leaf is named by its columns.
_SIZES = """
SELECT CASE WHEN t.relispartition THEN 'events' ELSE t.relname END,
       CASE WHEN part.kind = 'index' AND t.relispartition
            THEN 'index on ' || substring(pg_get_indexdef(part.oid) FROM 'USING .*') ELSE part.name
       END,
       sum(part.bytes)::bigint
FROM pg_class t
CROSS JOIN LATERAL (
    SELECT t.oid, 'table' AS kind, 'rows' AS name,
           pg_total_relation_size(t.oid) - pg_indexes_size(t.oid) AS bytes
    UNION ALL
    SELECT i.indexrelid, 'index', i.indexrelid::regclass::text, pg_relation_size(i.indexrelid)
    FROM pg_index i WHERE i.indrelid = t.oid
) part
WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
GROUP BY 1, 2 HAVING sum(part.bytes) >= 65536
ORDER BY 1, 3 DESC
"""


class Size(NamedTuple):
    """What a table or an index takes on disk."""

    table: str
    part: str
    bytes: int


def main() -> int:
    """Store, measure, write."""
    load = _asked()
    with tempfile.TemporaryDirectory(prefix="roundtable-size-") as name:
        directory = Path(name)
        directory.chmod(0o711)  # PostgreSQL under root runs as another user
        home = PostgresHome(directory / "postgres", directory / "log", directory)
        with running_postgres(home, 0, ("fsync=off", "max_wal_size=4GB")) as postgres:
            migrate.apply(postgres.conninfo)
            wal = asyncio.run(_store(postgres.conninfo, load))
            sizes = _sizes(postgres.conninfo)
    RESULTS.write_text(_page(load, sizes, wal))
    to_console(f"Written to {RESULTS}")
    return 0


def _asked() -> Load:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.storage_size")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=160_000, help="touches after exposures")
    asked = parser.parse_args()
    return Load(accounts=asked.accounts, experiments=200, touches=asked.events)


async def _store(conninfo: str, load: Load) -> int:
    """Store the load, and return how many bytes went through the write-ahead log for it."""
    async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute("SET synchronous_commit = off")
        await _register(connection, load)
        before = await _logged(connection)
        offset, known = 0, NOTHING_LOADED
        for events in _batches(load):
            batch = DecodedBatch(
                TOPIC_ID, "events", 0, offset, offset + len(events), events, refused=()
            )
            known = await _apply(connection, batch, known)
            offset = batch.next_offset
        return await _logged(connection) - before


async def _logged(connection: Connection) -> int:
    cursor = await connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _register(connection: Connection, load: Load) -> None:
    now = datetime.now(UTC)
    async with connection.transaction():
        await open_partition(connection, TOPIC_ID, "events", 0, 0)
        await add_metric(connection, _metric(), at=now)
        for key in load.keys:
            await add_experiment(connection, _experiment(key), at=now)
            await start_experiment(connection, key, at=now, reporting_currency="EUR")


def _batches(load: Load) -> Iterator[list[LogEvent]]:
    batch: list[LogEvent] = []
    for chunk in chain(load.exposure_phase(), load.touch_phase()):
        for raw in load.templates.write(chunk.rows):
            event = decode_logged(raw)
            assert event.account is not None, "the load names the account of each event"
            batch.append(LogEvent(event, event.account.encode(), event.time_us))
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


async def _apply(
    connection: Connection, batch: DecodedBatch, known: ActiveDefinitions
) -> ActiveDefinitions:
    try:
        async with connection.transaction():
            return (await apply_batch(connection, batch, known, alone=False)).definitions
    except AloneInGateRequired:
        async with connection.transaction():
            return (await apply_batch(connection, batch, known, alone=True)).definitions


def _sizes(conninfo: str) -> list[Size]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        return [Size(*row) for row in connection.execute(_SIZES).fetchall()]


def _page(load: Load, sizes: list[Size], wal: int) -> str:
    events = load.exposures + load.touches
    rows = [
        f"| {size.table} | {size.part} | {size.bytes / 1e6:,.1f} | {size.bytes / events:,.1f} | "
        f"{size.bytes / load.accounts:,.0f} |"
        for size in sizes
    ]
    total = sum(size.bytes for size in sizes)
    what = (
        f"{events:,} events of {load.accounts:,} accounts in {load.experiments} experiments, "
        f"{load.touching} for each account; stored in batches of {BATCH:,}, then vacuumed. "
        "Written by `python -m benchmarks.storage_size`. A byte for each event is a megabyte "
        "for each million. Tables below 64 KiB are left out. "
        f"Through the write-ahead log went {wal / events:,.0f} bytes for each event."
    )
    sums = f"{total / 1e6:,.1f} | {total / events:,.1f} | {total / load.accounts:,.0f}"
    return "\n".join(
        [
            f"# Size of what is stored, measured on {datetime.now(UTC).date().isoformat()}",
            "",
            what,
            "",
            "| table | part | MB | bytes for each event | bytes for each account |",
            "|---|---|---|---|---|",
            *rows,
            f"| all | | {sums} |",
            "",
        ]
    )


def _metric() -> MetricDraft:
    return MetricDraft(
        key=METRIC,
        name="Touches",
        meaning="Something happened at the account",
        owner=Side.MARKETING,
        kind=MetricKind.COUNT,
        measure=Measure(filter=EventFilter(types=METRIC_TYPES)),
        window=timedelta(days=WINDOW_DAYS),
    )


def _experiment(key: str) -> ExperimentDraft:
    return ExperimentDraft(
        key=key,
        name=key,
        hypothesis="It fits the disk",
        owner=Side.MARKETING,
        variants=(Variant(key="control", control=True), Variant(key="treatment")),
        metrics=(MetricUse(metric=METRIC),),
        starts_at=START,
        planned_units=20_000,
    )


if __name__ == "__main__":
    sys.exit(main())
