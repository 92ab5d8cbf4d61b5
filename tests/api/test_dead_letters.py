"""Refused records are read in pages, with the reason and the untouched bytes."""

import asyncio
import base64

import psycopg
import pytest
from psycopg import AsyncConnection

from storage.dead_letters import Refused, insert_dead_letters
from tests.api.conftest import Registry
from tests.storage.stream import TOPIC_ID

pytestmark = pytest.mark.stack

NAMED = b'{"id":"e1","source":"crm","type":"unheard.of"}'
BINARY = b"\xff\x00 no event at all"


@pytest.fixture
def refused(registry: Registry) -> Registry:
    """An API behind which two records were refused."""
    records = [
        Refused(4, "type", "unknown_type", "neither built in nor registered", NAMED, 1_000_000),
        Refused(9, "event", "invalid_utf8", "byte 0", BINARY, 2_000_000),
    ]

    async def insert() -> None:
        async with await AsyncConnection.connect(registry.database) as connection:
            await insert_dead_letters(connection, TOPIC_ID, "events.inbox", 2, records)

    asyncio.run(insert())
    return registry


def test_a_refused_record_is_read_with_its_reason_and_its_bytes(refused: Registry) -> None:
    found = refused.client.get("/v1/dead-letters").json()

    first, second = found["dead_letters"]
    assert {name: first[name] for name in ("topic", "partition", "offset", "source", "id")} == {
        "topic": "events.inbox",
        "partition": 2,
        "offset": 4,
        "source": "crm",
        "id": "e1",
    }
    assert (first["field"], first["rule"]) == ("type", "unknown_type")
    assert first["received_at"] == "1970-01-01T00:00:01Z"
    assert base64.b64decode(first["raw"]) == NAMED
    assert (second["source"], base64.b64decode(second["raw"])) == (None, BINARY)
    assert found["next"] is None


def test_refused_records_come_in_pages(refused: Registry) -> None:
    first = refused.client.get("/v1/dead-letters", params={"limit": 1}).json()
    rest = refused.client.get("/v1/dead-letters", params={"after": first["next"]}).json()

    assert [r["offset"] for r in first["dead_letters"] + rest["dead_letters"]] == [4, 9]
    assert rest["next"] is None


def test_a_page_without_a_size_is_refused(refused: Registry) -> None:
    answer = refused.client.get("/v1/dead-letters", params={"limit": 0})

    assert (answer.status_code, answer.json()["field"]) == (422, "limit")


def test_a_database_that_goes_away_is_a_problem_that_asks_for_patience(
    registry: Registry, postgres_server: str
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(registry.database)["dbname"]
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )

        answer = registry.client.get("/v1/dead-letters")
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:roundtable:problem:database-unreachable"
    assert int(answer.headers["retry-after"]) > 0
