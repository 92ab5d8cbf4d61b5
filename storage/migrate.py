"""Brings a database to the newest schema: numbered files, forward only, each in one transaction."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import psycopg

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
_LOCK = 7264850

_CREATE_RECORD = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(Exception):
    """The migrations cannot be applied as they are; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Identify the text, so that an edited old file is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def apply(conninfo: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Apply what is missing and return the names; safe to repeat and to run twice at once."""
    wanted = shipped() if migrations is None else migrations
    _check_numbers(wanted)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        connection.execute(_CREATE_RECORD)
        done = _applied(connection)
        _check_history(wanted, done)
        return [_apply_one(connection, m) for m in wanted if m.number not in done]


def pending(conninfo: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Return the names of the migrations that this database lacks."""
    wanted = shipped() if migrations is None else migrations
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute("SELECT to_regclass('schema_migrations')").fetchone()
        done = _applied(connection) if row and row[0] else {}
    return [m.name for m in wanted if m.number not in done]


def shipped() -> list[Migration]:
    """Return the migrations of this release, in order."""
    folder = files("storage").joinpath("migrations")
    found = [
        Migration(int(match[1]), entry.name, entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if (match := _NAME.match(entry.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


def _applied(connection: psycopg.Connection) -> dict[int, str]:
    rows = connection.execute("SELECT number, checksum FROM schema_migrations").fetchall()
    return dict(rows)


def _check_numbers(migrations: Sequence[Migration]) -> None:
    numbers = [migration.number for migration in migrations]
    if numbers != list(range(1, len(numbers) + 1)):
        raise MigrationError(f"migrations are numbered from 0001 without gap, found {numbers}")


def _check_history(migrations: Sequence[Migration], done: dict[int, str]) -> None:
    known = {migration.number: migration for migration in migrations}
    for number, checksum in done.items():
        if number not in known:
            raise MigrationError(
                f"the database has migration {number:04}, this release ends at "
                f"{len(known):04}: install the newer release"
            )
        if known[number].checksum != checksum:
            raise MigrationError(
                f"{known[number].name} was edited after it was applied: restore it and put the "
                f"change into a new migration"
            )


def _apply_one(connection: psycopg.Connection, migration: Migration) -> str:
    with connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '5s'")
        connection.execute(migration.sql)
        connection.execute(
            "INSERT INTO schema_migrations (number, name, checksum) VALUES (%s, %s, %s)",
            (migration.number, migration.name, migration.checksum),
        )
    return migration.name
