"""What the release before left stands where it did, and finds its way into the new columns."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from storage import migrate

pytestmark = pytest.mark.stack

BEFORE = 5
LATEST = {"key": "leads", "kind": "conversion", "window": "P1Y35DT6H", "version": 2}


def body(key: str, **fields: Any) -> Jsonb:
    return Jsonb(
        {
            "key": key,
            "name": "Spring mail",
            "hypothesis": "It helps.",
            "owner": "sales",
            "starts_at": "2026-03-01T00:00:00Z",
            "ends_at": None,
            "metrics": [{"metric": "leads", "version": None}, {"metric": "calls", "version": 1}],
            **fields,
        }
    )


def stored(connection: psycopg.Connection, key: str, status: str, **fields: Any) -> None:
    started = None if status == "draft" else datetime(2026, 3, 1, tzinfo=UTC)
    stopped = (started, "done") if status == "stopped" else (None, None)
    row = connection.execute(
        "INSERT INTO experiments (key, body, status, epoch, created_at, started_at, stopped_at, "
        "stop_reason) VALUES (%s, %s, %s, 1, now(), %s, %s, %s) RETURNING id",
        (key, body(key, **fields), status, started, *stopped),
    ).fetchone()
    assert row is not None
    if status == "draft":
        return
    calls = {"key": "calls", "kind": "count", "window": "P30D", "version": 1}
    for epoch, leads in ((1, LATEST | {"version": 1}), (2, LATEST)):
        connection.execute(
            "INSERT INTO definitions (experiment_id, epoch, body, status, created_at) "
            "VALUES (%s, %s, %s, 'retired', now())",
            (row[0], epoch, Jsonb({"metrics": [calls, leads]})),
        )


def test_experiments_keep_their_standing_their_period_and_the_versions_they_ran_with(
    empty_database: str,
) -> None:
    shipped = migrate.shipped()
    migrate.apply(empty_database, shipped[:BEFORE])
    with psycopg.connect(empty_database) as connection:
        stored(connection, "draft", "draft")
        stored(connection, "running", "running", ends_at="2026-04-01T00:00:00+02:00")
        stored(connection, "stopped", "stopped")

    migrate.apply(empty_database, shipped)

    with psycopg.connect(empty_database) as connection:
        rows = connection.execute(
            "SELECT key, status, owner, ends_at, longest_window, registered_at IS NOT NULL, "
            "body -> 'metrics' FROM experiments ORDER BY key"
        ).fetchall()
    unpinned = [{"metric": "leads", "version": None}, {"metric": "calls", "version": 1}]
    pinned = [{"metric": "leads", "version": 2}, {"metric": "calls", "version": 1}]
    longest = timedelta(days=400, hours=6)
    end = datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert rows == [
        ("draft", "draft", "sales", None, None, False, unpinned),
        ("running", "registered", "sales", end, longest, True, pinned),
        ("stopped", "stopped", "sales", None, longest, True, pinned),
    ]


def test_a_standing_that_cannot_be_is_refused(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO experiments (key, body, status, created_at, owner, starts_at) "
            "VALUES ('spring', '{}', 'draft', now(), 'sales', now())"
        )
        for status in ("running", "registered", "stopped", "in_review", "decided"):
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute("UPDATE experiments SET status = %s", (status,))
