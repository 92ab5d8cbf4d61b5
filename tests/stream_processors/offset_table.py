"""An offset table in SQLite that guards positions as PostgreSQL does: move only what is expected.

It keeps every record that a handler applied, without any uniqueness, so that a record which was
applied twice or never shows.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from faust.types import TP

from stream_processors.batches import Batch
from stream_processors.delivery import FencedError

TABLES = """
CREATE TABLE IF NOT EXISTS positions (
    topic TEXT, partition INTEGER, next_offset INTEGER, PRIMARY KEY (topic, partition)
);
CREATE TABLE IF NOT EXISTS applied (
    topic TEXT, partition INTEGER, "offset" INTEGER, value BLOB, worker TEXT
);
"""


class OffsetTable:
    """Positions and applied records, changed together or not at all."""

    def __init__(self, path: Path, worker: str = "worker") -> None:
        self._path = path
        self._worker = worker
        with closing(self._connect()) as connection:
            connection.executescript(TABLES)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    async def start_offsets(self, partitions: set[TP]) -> Mapping[TP, int | None]:
        stored = self.positions()
        return {partition: stored.get(partition) for partition in partitions}

    def positions(self) -> dict[TP, int]:
        with closing(self._connect()) as connection:
            rows = connection.execute("SELECT topic, partition, next_offset FROM positions")
            return {TP(topic, partition): offset for topic, partition, offset in rows}

    def store(self, partition: TP, offset: int) -> None:
        with closing(self._connect()) as connection:
            connection.execute("REPLACE INTO positions VALUES (?, ?, ?)", (*partition, offset))

    async def apply(self, batch: Batch) -> None:
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            moved = connection.execute(
                "INSERT INTO positions VALUES (?, ?, ?) ON CONFLICT (topic, partition) "
                "DO UPDATE SET next_offset = excluded.next_offset WHERE next_offset = ?",
                (batch.topic, batch.partition, batch.next_offset, batch.first_offset),
            )
            if moved.rowcount != 1:
                connection.execute("ROLLBACK")
                raise FencedError
            connection.executemany(
                "INSERT INTO applied VALUES (?, ?, ?, ?, ?)",
                [
                    (batch.topic, batch.partition, record.offset, record.value, self._worker)
                    for record in batch.records
                ],
            )
            connection.execute("COMMIT")

    def applied(self) -> list[tuple[int, int, bytes]]:
        """Every applied record as (partition, offset, value), in the order of application."""
        query = 'SELECT partition, "offset", value FROM applied ORDER BY rowid'
        with closing(self._connect()) as connection:
            return connection.execute(query).fetchall()

    def count(self) -> int:
        with closing(self._connect()) as connection:
            return int(connection.execute("SELECT count(*) FROM applied").fetchone()[0])

    def workers(self) -> set[str]:
        with closing(self._connect()) as connection:
            return {row[0] for row in connection.execute("SELECT DISTINCT worker FROM applied")}
