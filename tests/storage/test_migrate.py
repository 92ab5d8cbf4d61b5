"""Migrations: a chain that runs once, refuses an edited past, and leaves what the code expects."""

import re
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from storage import migrate
from storage.migrate import Migration, MigrationError
from storage.statements import statement

SQL_FILES = sorted(path.stem for path in Path("storage/sql").glob("*.sql"))
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def test_an_empty_database_reaches_the_newest_schema_and_a_second_run_does_nothing(
    empty_database: str,
) -> None:
    first = migrate.apply(empty_database)
    second = migrate.apply(empty_database)

    assert first == [migration.name for migration in migrate.shipped()]
    assert second == []
    assert migrate.pending(empty_database) == []


def test_rows_written_before_the_newest_migration_survive_it(empty_database: str) -> None:
    shipped = migrate.shipped()
    extra = Migration(len(shipped) + 1, "extra.sql", "ALTER TABLE contacts ADD COLUMN note text")
    migrate.apply(empty_database, shipped)
    with psycopg.connect(empty_database) as connection:
        connection.execute("INSERT INTO contacts (contact, home) VALUES ('c1', 'acme.example')")

    applied = migrate.apply(empty_database, [*shipped, extra])

    with psycopg.connect(empty_database) as connection:
        rows = connection.execute("SELECT contact, home, note FROM contacts").fetchall()
    assert applied == ["extra.sql"]
    assert rows == [("c1", "acme.example", None)]


def test_a_migration_edited_after_it_was_applied_is_refused_by_name(empty_database: str) -> None:
    shipped = migrate.shipped()
    migrate.apply(empty_database, shipped)
    edited = [replace(shipped[0], sql=shipped[0].sql + "\n-- edited"), *shipped[1:]]

    with pytest.raises(MigrationError, match=r"0001_backbone\.sql was edited"):
        migrate.apply(empty_database, edited)


def test_a_database_ahead_of_the_release_is_refused(empty_database: str) -> None:
    shipped = migrate.shipped()
    newer = Migration(len(shipped) + 1, "newer.sql", "SELECT 1")
    migrate.apply(empty_database, [*shipped, newer])

    with pytest.raises(MigrationError, match="install the newer release"):
        migrate.apply(empty_database, shipped)


def test_numbers_with_a_gap_are_refused(empty_database: str) -> None:
    with pytest.raises(MigrationError, match="without gap"):
        migrate.apply(empty_database, [Migration(2, "0002_x.sql", "SELECT 1")])


def test_a_migration_that_fails_leaves_nothing_behind(empty_database: str) -> None:
    broken = Migration(1, "0001_broken.sql", "CREATE TABLE half (x int); SELECT 1/0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate.apply(empty_database, [broken])

    with psycopg.connect(empty_database) as connection:
        row = connection.execute("SELECT to_regclass('half')").fetchone()
    assert row == (None,)
    assert migrate.pending(empty_database, [broken]) == ["0001_broken.sql"]


NO_ROWS = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff"


@pytest.mark.parametrize("name", SQL_FILES)
def test_every_statement_starts_with_its_purpose_and_prepares_against_the_schema(
    database: str, name: str
) -> None:
    text = statement(name)
    numbers: dict[str, str] = {}
    numbered = PLACEHOLDER.sub(
        lambda match: numbers.setdefault(match[1], f"${len(numbers) + 1}"), text
    )

    with psycopg.connect(database) as connection:
        if numbered.split("\n", 1)[1].startswith("COPY "):
            with connection.cursor().copy(numbered) as copy:  # No statement that can be prepared.
                copy.write(NO_ROWS)
        else:
            connection.execute(f"PREPARE tried AS {numbered}".replace("%%", "%"))

    assert text.startswith("-- ")
    assert text.split("\n", 1)[0].endswith(".")


def test_every_statement_is_used_by_name_in_storage() -> None:
    sources = "".join(path.read_text() for path in Path("storage").glob("*.py"))

    unused = [name for name in SQL_FILES if f'"{name}"' not in sources]

    assert unused == []
