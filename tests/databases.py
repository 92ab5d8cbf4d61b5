"""One migrated database that test after test gets empty, and a fresh one where that cannot be.

Copying a database costs more than most tests do. So it is emptied instead: every row and number is
as the migrations left it, nobody is connected, and the schema is compared with that of the
template. Where a test changed it, or the database does not let itself be emptied, it is dropped.
"""

from dataclasses import dataclass
from itertools import count

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1
"""
_LEAVES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind = 'r' AND relispartition AND relnamespace = 'public'::regnamespace
  AND oid::regclass::text <> ALL(%s)
"""
_NUMBERS = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE last_value IS NOT NULL
"""
_LEAVE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMA = """
SELECT md5(string_agg(part, ';' ORDER BY part)) FROM (
    SELECT format('%s %s %s %s %s %s', oid, relname, relkind, reloptions, relrowsecurity, relacl)
        AS part FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s %s %s', attrelid, attname, atttypid, attnotnull)
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s %s', oid, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT format('%s %s', oid, conname) FROM pg_constraint
    UNION ALL SELECT format('%s %s', oid, polname) FROM pg_policy
    UNION ALL SELECT format('%s %s', oid, md5(prosrc)) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s', setconfig) FROM pg_db_role_setting
) parts
"""


@dataclass(frozen=True)
class _Emptied:
    """The database as the migrations left it: its schema, and the rows that they wrote."""

    conninfo: str
    schema: str
    tables: tuple[str, ...]
    rows: dict[str, bytes]


class Databases:
    """Lends a migrated, empty database, one at a time."""

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._numbers = count(1)
        self._ready: _Emptied | None = None

    def take(self) -> str:
        """Return the conninfo of a database that is as the migrations left it."""
        if self._ready is None:
            self._ready = _looked_at(self.copied())
        return self._ready.conninfo

    def give_back(self) -> None:
        """Make it ready for the next test; drop it where it cannot be."""
        assert self._ready is not None
        if not _is_emptied(self._ready):
            drop(self._server, self._ready.conninfo)
            self._ready = None

    def copied(self) -> str:
        """Make a database that nobody else gets; whoever asks drops it."""
        name = f"test_{next(self._numbers)}"
        # Copying files takes a quarter of what copying through the write-ahead log takes.
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        execute(self._server, copy.format(sql.Identifier(name), sql.Identifier(self._template)))
        return make_conninfo(self._server, dbname=name)


def execute(conninfo: str, statement: sql.Composed) -> None:
    """Run one statement outside of a transaction."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement)


def drop(server: str, conninfo: str) -> None:
    """Drop a database, whoever is connected to it."""
    name = conninfo_to_dict(conninfo)["dbname"]
    execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(name))))


def _looked_at(conninfo: str) -> _Emptied:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        tables = tuple(name for (name,) in connection.execute(_TABLES).fetchall())
        written = _filled(connection, tables)
        return _Emptied(
            conninfo, _schema(connection), tables, {t: _rows(connection, t) for t in written}
        )


def _is_emptied(left: _Emptied) -> bool:
    """Empty the database; tell whether that is what it is now."""
    try:
        with psycopg.connect(left.conninfo) as connection:
            connection.execute(_LEAVE)
            _drop_leaves(connection, left)
            if _schema(connection) != left.schema:
                return False
            _empty(connection, left)
            return True
    except psycopg.Error:
        return False


def _drop_leaves(connection: psycopg.Connection, left: _Emptied) -> None:
    """Drop the months of events that a test opened, as retention does."""
    leaves = [name for (name,) in connection.execute(_LEAVES, (list(left.tables),)).fetchall()]
    if leaves:
        connection.execute(_statement("DROP TABLE {}", ", ".join(leaves)))


def _empty(connection: psycopg.Connection, left: _Emptied) -> None:
    filled = {*_filled(connection, left.tables), *left.rows}
    # No trigger that keeps a log from being emptied, no reference that would take others along.
    connection.execute("SET session_replication_role = replica")
    connection.execute(_statement("TRUNCATE {} CASCADE", ", ".join(sorted(filled))))
    for table, rows in left.rows.items():
        with connection.cursor().copy(_statement("COPY {} FROM STDIN", table)) as copy:
            copy.write(rows)
    connection.execute(_NUMBERS)


def _filled(connection: psycopg.Connection, tables: tuple[str, ...]) -> list[str]:
    """Return those of these tables that hold a row."""
    asked = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(
            sql.Literal(table), sql.SQL(table)
        )
        for table in tables
    ]
    return [name for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(asked)).fetchall()]


def _rows(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(_statement("COPY {} TO STDOUT", table)) as copy:
        return b"".join(bytes(part) for part in copy)


def _schema(connection: psycopg.Connection) -> str:
    row = connection.execute(_SCHEMA).fetchone()
    assert row is not None
    return str(row[0])


def _statement(statement: str, tables: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.SQL(tables))
