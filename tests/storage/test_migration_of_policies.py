"""What was registered before policies were stored keeps what it was read under."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, AsyncCursor
from psycopg.types.json import Jsonb

from schemas.policies import OPEN, SHARED, STRICTEST, WORKSHOP, PolicyDraft
from storage import migrate
from storage.experiments import experiments_after
from storage.metric_agreements import with_agreements
from storage.metric_versions import metric_versions

pytestmark = pytest.mark.stack

BEFORE = 11
NOW = datetime(2026, 3, 1, tzinfo=UTC)
METRIC = {
    "key": "leads",
    "name": "Leads",
    "meaning": "The account became a lead.",
    "owner": "sales",
    "kind": "count",
    "measure": {"filter": {"types": ["lead.created"]}},
    "window": "P14D",
}


def stored(connection: psycopg.Connection, key: str, status: str, **named: Any) -> None:
    body = {
        "key": key,
        "name": "Offer",
        "hypothesis": "It helps.",
        "owner": "sales",
        "variants": [{"key": "plain", "control": True}, {"key": "short"}],
        "metrics": [{"metric": "leads", "version": 1}],
        "starts_at": NOW.isoformat(),
        "planned_units": 100,
        **named,
    }
    registered = None if status == "draft" else NOW
    connection.execute(
        "INSERT INTO experiments (key, body, status, created_at, owner, starts_at, registered_at) "
        "VALUES (%s, %s, %s, %s, 'sales', %s, %s)",
        (key, Jsonb(body), status, NOW, NOW, registered),
    )


def agreed(connection: psycopg.Connection) -> None:
    connection.execute(
        "INSERT INTO metrics (key, version, body, created_at) VALUES ('leads', 1, %s, %s)",
        (Jsonb(METRIC), NOW),
    )
    connection.execute(
        "INSERT INTO metric_agreements VALUES ('leads', 1, 'sales', %s, 'p-1')", (NOW,)
    )


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Note every statement that is sent."""
    sent: list[str] = []
    execute = AsyncCursor.execute

    async def noting(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        sent.append(str(query))
        return await execute(self, query, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncCursor, "execute", noting)
        yield sent


def test_experiments_are_frozen_to_what_they_were_read_under(empty_database: str) -> None:
    shipped = migrate.shipped()
    migrate.apply(empty_database, shipped[:BEFORE])
    with psycopg.connect(empty_database) as connection:
        agreed(connection)
        stored(connection, "before-policies", "registered")
        stored(connection, "draft", "draft", policy="workshop")
        stored(connection, "known", "registered", policy="open")
        stored(connection, "unknown", "registered", policy="secret")

    migrate.apply(empty_database, shipped)

    async def look() -> tuple[list[tuple[str, int | None, PolicyDraft | None]], int, list[Any]]:
        async with await AsyncConnection.connect(empty_database) as connection:
            with counted_statements() as sent:
                found = await experiments_after(connection, after=None, limit=9)
            (metric,) = await with_agreements(
                connection, await metric_versions(connection, "leads")
            )
            seen = [(f.experiment.key, f.experiment.policy_version, f.experiment.visibility)
                    for f in found]  # fmt: skip
            return seen, len(sent), [(a.side.value, a.agreed_by) for a in metric.agreements]

    experiments, statements, agreements = asyncio.run(look())
    assert experiments == [
        ("before-policies", 1, SHARED),
        ("draft", None, WORKSHOP),
        ("known", 1, OPEN),
        ("unknown", 1, STRICTEST),
    ]
    # However many policies a page of experiments has, it comes with one statement.
    assert statements == 1
    assert agreements == [("sales", "p-1")]
