"""The second wall stands before every table of an experiment, those of later migrations as well."""

from __future__ import annotations

import psycopg
import pytest

pytestmark = pytest.mark.stack

OF_NO_EXPERIMENT = {"metrics", "partition_offsets", "policies"}
"""What the reader of results reads whole: definitions and positions that all experiments share."""

_TABLES = """
SELECT relname,
    has_table_privilege('roundtable_reader', c.oid, 'SELECT')
        OR has_any_column_privilege('roundtable_reader', c.oid, 'SELECT') AS is_readable,
    relrowsecurity AND EXISTS (
        SELECT FROM pg_policy
        WHERE polrelid = c.oid AND 'roundtable_reader'::regrole = ANY (polroles)
    ) AS is_walled,
    EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
        AND attname IN ('experiment', 'experiment_id', 'definition_id', 'review_id')
    ) AS is_of_experiment,
    has_table_privilege('roundtable_reader', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        AS is_writable
FROM pg_class c WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace = 'public'::regnamespace
"""


def open_tables(connection: psycopg.Connection) -> set[str]:
    """Tables that are read through the wall though they are not shared by all experiments."""
    found = connection.execute(_TABLES).fetchall()
    assert len(found) > 30
    return {
        name
        for name, is_readable, is_walled, is_of_experiment, _ in found
        if is_readable and not is_walled and (is_of_experiment or name not in OF_NO_EXPERIMENT)
    }


def test_whatever_the_reader_may_read_is_walled_or_shared_by_all(database: str) -> None:
    with psycopg.connect(database) as connection:
        assert open_tables(connection) == set()


def test_the_reader_writes_nowhere(database: str) -> None:
    with psycopg.connect(database) as connection:
        tables = connection.execute(_TABLES).fetchall()

    assert [name for name, *_, is_writable in tables if is_writable] == []


def test_the_tables_of_results_are_walled_and_not_only_closed(database: str) -> None:
    with psycopg.connect(database) as connection:
        tables = connection.execute(_TABLES).fetchall()

    walled = {name for name, is_readable, is_walled, *_ in tables if is_readable and is_walled}
    assert walled >= {
        *("experiments", "definitions", "moments", "cohorts", "stray_exposures"),
        *("definition_homes", "account_states", "events", "released_readings"),
    }


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE later (experiment_id bigint); GRANT SELECT ON later TO roundtable_reader",
        "CREATE TABLE later (x int); GRANT SELECT (x) ON later TO roundtable_reader",
        "CREATE VIEW later AS SELECT * FROM moments; GRANT SELECT ON later TO roundtable_reader",
        "ALTER TABLE moments DISABLE ROW LEVEL SECURITY",
        "DROP POLICY opened ON moments",
    ],
)
def test_a_migration_that_forgets_the_wall_is_noticed(database: str, statement: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(statement.encode())

        assert open_tables(connection) <= {"later", "moments"}
        assert open_tables(connection) != set()
        connection.rollback()
