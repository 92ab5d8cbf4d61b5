"""The tables that events are stored in, one for each family of types and month.

A leaf that retention takes out of `events` is set aside under another name first, and dropped once
its rows were counted. What is set aside is read by nobody but whoever counts it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from psycopg import sql

from storage.arrays import Integers, Texts
from storage.pool import Connection
from storage.retention import Cutoff
from storage.statements import statement

_LOCK = sql.SQL("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE NOWAIT")
_DETACH = sql.SQL("ALTER TABLE {} DETACH PARTITION {}")
_RENAME = sql.SQL("ALTER TABLE {} RENAME TO {}")
_COUNT = sql.SQL("SELECT type, count(*) FROM {} GROUP BY type")
_DROP = sql.SQL("DROP TABLE {}")
_HOLD = sql.SQL("LOCK TABLE events, retention_runs IN ACCESS SHARE MODE")
_LOCK_RUNS = sql.SQL("LOCK TABLE retention_runs IN ACCESS EXCLUSIVE MODE NOWAIT")
# Pages by number, for nothing but its place tells one row of a leaf from another cheaply.
_DELETE = sql.SQL(
    "WITH gone AS (DELETE FROM {} AS e USING unnest("
    "%(types)s::text[], %(patterns)s::text[], %(before_us)s::bigint[])"
    " WITH ORDINALITY AS rule (type, pattern, before_us, place)"
    " WHERE e.ctid >= %(first)s::tid AND e.ctid < %(end)s::tid AND e.time_us < rule.before_us"
    " AND (e.type = rule.type OR e.type LIKE rule.pattern) RETURNING e.type)"
    " SELECT type, count(*) FROM gone GROUP BY type"
)


class Leaf(NamedTuple):
    """A leaf of `events`: its family of types, the times it may hold, and its size in pages."""

    name: str
    parent: str
    starts_us: int
    ends_us: int
    pages: int

    @property
    def family(self) -> str | None:
        """The first segment of its types, None for those that are registered."""
        found = self.parent.removeprefix("events_")
        return None if found == "own" else found


async def event_leaves(connection: Connection) -> list[Leaf]:
    """Return the leaves, the oldest first."""
    cursor = await connection.execute(statement("event_leaves"))
    return [Leaf(*row) for row in await cursor.fetchall()]


async def set_aside(connection: Connection, leaf: Leaf) -> None:
    """Take a leaf out of `events`. Raises LockNotAvailable at once where anybody reads there.

    The caller is alone in the gate: no batch has found the leaf to be there, and is about to write.
    """
    parent, name = sql.Identifier(leaf.parent), sql.Identifier(leaf.name)
    # In the order in which everybody else takes them. A wait would keep the stream waiting behind.
    await connection.execute(_LOCK.format(parent))
    await connection.execute(_LOCK.format(name))
    await connection.execute(_DETACH.format(parent, name))
    # The month may be opened anew by an event that comes late, and be set aside once more.
    cursor = await connection.execute(statement("name_for_leaf_aside"), {"leaf": leaf.name})
    row = await cursor.fetchone()
    assert row is not None, "it was locked"
    await connection.execute(_RENAME.format(name, sql.Identifier(row[0])))


async def leaves_aside(connection: Connection) -> list[str]:
    """Return the tables that were set aside and not dropped yet."""
    cursor = await connection.execute(statement("leaves_aside"))
    return [row[0] for row in await cursor.fetchall()]


async def events_by_type(connection: Connection, table: str) -> Mapping[str, int]:
    """Count what a table that was set aside holds."""
    cursor = await connection.execute(_COUNT.format(sql.Identifier(table)))
    return dict(await cursor.fetchall())


async def drop_aside(connection: Connection, table: str) -> None:
    """Drop a table that was set aside. Raises LockNotAvailable where figures are being verified."""
    await connection.execute(_LOCK_RUNS)
    await connection.execute(_LOCK.format(sql.Identifier(table)))
    await connection.execute(_DROP.format(sql.Identifier(table)))


async def hold_leaves(connection: Connection) -> None:
    """Keep every leaf, and what is set aside, until this transaction ends.

    Before the snapshot is taken: a table that is dropped is gone for older snapshots as well.
    """
    await connection.execute(_HOLD)


async def delete_in_pages(
    connection: Connection, leaf: Leaf, cutoffs: Sequence[Cutoff], first: int, end: int
) -> Mapping[str, int]:
    """Delete what these no longer keep from the pages `first` up to `end`; count it by type."""
    cursor = await connection.execute(
        _DELETE.format(sql.Identifier(leaf.name)),
        {
            "types": Texts([cutoff.type for cutoff in cutoffs]),
            "patterns": Texts([cutoff.pattern for cutoff in cutoffs]),
            "before_us": Integers([cutoff.before_us for cutoff in cutoffs]),
            "first": f"({first},0)",
            "end": f"({end},0)",
        },
    )
    return dict(await cursor.fetchall())
