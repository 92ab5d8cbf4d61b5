"""The tables of the throughput benchmark's peers, written in bulk. Stands alone.

One transaction per batch holds the new events, the changed sums and the offsets that follow, so
what Kafka delivers again is known by its offset and changes nothing. In the peers' favour: sums
are bigint where ours are numeric, commits do not wait for the disk, and an event is kept as one
text without columns to read it by. Indexed are its name and its account: what makes it unique, and
what finds an account's history for a metric that is registered later.
"""

from collections.abc import Mapping, Sequence

import psycopg
from pipeline_job import Attribution, Cell, Event, add_up, decode_event, decode_units, encode_units
from psycopg.errors import UniqueViolation

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    source text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, account text NOT NULL,
    body text NOT NULL, PRIMARY KEY (source, id));
CREATE INDEX IF NOT EXISTS events_of_account ON events (account);
CREATE TABLE IF NOT EXISTS units (
    account text COLLATE "C" PRIMARY KEY, units bytea NOT NULL) WITH (fillfactor = 60);
CREATE TABLE IF NOT EXISTS moments (
    experiment integer, variant integer, day integer,
    n bigint NOT NULL, sum_y bigint NOT NULL, sum_yy bigint NOT NULL,
    PRIMARY KEY (experiment, variant, day)) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS partition_offsets (
    partition integer PRIMARY KEY, next_offset bigint NOT NULL) WITH (fillfactor = 10);
"""
_OPTIONS = "-c synchronous_commit=off -c client_min_messages=warning"
_COPY = "COPY {table} (source, id, account, body) FROM STDIN"
_STAGE = "CREATE TEMP TABLE staged (LIKE events) ON COMMIT DROP"
_UNSTAGE = """
INSERT INTO events SELECT * FROM staged ON CONFLICT DO NOTHING RETURNING source, id
"""
_ADD_MOMENTS = """
INSERT INTO moments AS m SELECT * FROM unnest(
    %s::integer[], %s::integer[], %s::integer[], %s::bigint[], %s::bigint[], %s::bigint[])
ON CONFLICT (experiment, variant, day) DO UPDATE
SET n = m.n + EXCLUDED.n, sum_y = m.sum_y + EXCLUDED.sum_y, sum_yy = m.sum_yy + EXCLUDED.sum_yy
"""
_MOVE_OFFSETS = """
INSERT INTO partition_offsets SELECT * FROM unnest(%s::integer[], %s::bigint[])
ON CONFLICT (partition) DO UPDATE SET next_offset = EXCLUDED.next_offset
"""
_LOAD_UNITS = "SELECT account, units FROM units WHERE account = ANY(%s)"
_STORE_UNITS = """
INSERT INTO units SELECT * FROM unnest(%s::text[], %s::bytea[])
ON CONFLICT (account) DO UPDATE SET units = EXCLUDED.units
"""


class Tables:
    """A connection that writes batches; `next_offsets` says what is applied, by partition."""

    def __init__(self, database: str) -> None:
        self._connection = psycopg.connect(database, options=_OPTIONS, autocommit=True)
        self._connection.execute("SELECT pg_advisory_lock(1)")  # two workers may start at once
        self._connection.execute(SCHEMA)
        self._connection.execute("SELECT pg_advisory_unlock(1)")

    def next_offsets(self) -> dict[int, int]:
        """Return where each partition continues, as far as it was ever applied."""
        return dict(self._connection.execute("SELECT * FROM partition_offsets").fetchall())

    def write(
        self,
        lines: Sequence[bytes],
        cells: Mapping[Cell, Sequence[int]],
        next_offsets: Mapping[int, int],
    ) -> None:
        """Store events, as `line` writes them, with what they change the sums by."""
        with self._connection.transaction():
            self._insert(lines)
            self._add(cells)
            self._move(next_offsets)

    def apply(
        self, attribution: Attribution, raws: Sequence[bytes], next_offsets: Mapping[int, int]
    ) -> None:
        """Store events and fold those that are new into their accounts' units, kept here too."""
        events = [decode_event(raw) for raw in raws]
        with self._connection.transaction():
            new = self._insert([line(e, raw) for e, raw in zip(events, raws, strict=True)])
            if new is not None:
                events = [event for event in events if (event.source, event.id) in new]
            self._add(self._fold(attribution, events))
            self._move(next_offsets)

    def _fold(self, attribution: Attribution, events: Sequence[Event]) -> dict[Cell, list[int]]:
        cells: dict[Cell, list[int]] = {}
        cursor = self._connection.cursor(binary=True)
        accounts = list({event.account for event in events})
        rows = cursor.execute(_LOAD_UNITS, [accounts]).fetchall()
        units = {account: decode_units(packed) for account, packed in rows}
        changed = set()
        for event in events:
            changes = attribution.fold(event, units.setdefault(event.account, []))
            if changes is not None:
                changed.add(event.account)
                add_up(cells, changes)
        ordered = sorted(changed)
        packed = [encode_units(units[account]) for account in ordered]
        cursor.execute(_STORE_UNITS, [ordered, packed])
        return cells

    def _insert(self, lines: Sequence[bytes]) -> set[tuple[str, str]] | None:
        """Store events; return the names of the new ones, or None where all were new."""
        try:
            with self._connection.transaction():  # back to here where one is stored already
                self._copy(lines, "events")
        except UniqueViolation:
            self._connection.execute(_STAGE)
            self._copy(lines, "staged")
            return set(self._connection.execute(_UNSTAGE).fetchall())
        return None

    def _copy(self, lines: Sequence[bytes], table: str) -> None:
        with self._connection.cursor().copy(_COPY.format(table=table)) as copy:
            copy.write(b"".join(lines))

    def _add(self, cells: Mapping[Cell, Sequence[int]]) -> None:
        # Sorted, so that workers that add to the same rows wait and do not deadlock.
        rows = [(*key, *cells[key]) for key in sorted(cells)]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._connection.execute(_ADD_MOMENTS, columns)

    def _move(self, next_offsets: Mapping[int, int]) -> None:
        columns = [list(next_offsets), list(next_offsets.values())]
        self._connection.execute(_MOVE_OFFSETS, columns)


def line(event: Event, raw: bytes) -> bytes:
    """Return the event's row of `events` in the text that COPY takes: the cheapest way in.

    Compact JSON holds neither tabs nor line breaks, so a backslash is all there is to escape.
    """
    body = raw.replace(b"\\", b"\\\\") if b"\\" in raw else raw
    name = f"{event.source}\t{event.id}\t{event.account}\t".encode()
    return b"%b%b\n" % (name, body)
