"""A database with events reaches the schema that stores them by type and month."""

from datetime import UTC, datetime

import psycopg

from schemas.events import Event
from storage import migrate
from storage.event_names import name_of

MOMENTS = {
    "engagement.page.viewed": datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    "lead.created": datetime(2026, 2, 1, tzinfo=UTC),
    "webinar.asked": datetime(2019, 12, 31, tzinfo=UTC),
    "deal.won": datetime(1970, 1, 1, tzinfo=UTC),
}
LEAVES = {
    "engagement.page.viewed": "events_engagement_2026_01",
    "lead.created": "events_lead_2026_02",
    "webinar.asked": "events_own_1970_01",
    "deal.won": "events_deal_1970_01",
}


def test_events_are_found_in_their_months_as_they_were(empty_database: str) -> None:
    migrate.apply(empty_database, migrate.shipped()[:13])
    with psycopg.connect(empty_database) as connection:
        for kind, at in MOMENTS.items():
            log(connection, kind, at)
        before = rows(connection)

    migrate.apply(empty_database)

    with psycopg.connect(empty_database) as connection:
        assert rows(connection) == before
        found = connection.execute("SELECT type, tableoid::regclass::text FROM events").fetchall()
        names = connection.execute("SELECT name FROM event_names").fetchall()
    assert dict(found) == LEAVES
    expected = {
        name_of(Event(source="cr m", id=f"ü {kind}", type=kind, time_us=0)) for kind in MOMENTS
    }
    assert {name.bytes for (name,) in names} == expected


def test_links_that_the_homes_tell_are_forgotten_and_no_others(empty_database: str) -> None:
    migrate.apply(empty_database, migrate.shipped()[:13])
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "INSERT INTO contacts VALUES ('ann', 'acme'), ('bob', 'acme'), ('cy', 'acme')"
        )
        connection.execute(
            "INSERT INTO contact_links (contact, account, explicit_us, source, id) VALUES "
            "('ann', 'acme', NULL, NULL, NULL), "
            "('bob', 'acme', NULL, NULL, NULL), ('bob', 'bolt', NULL, NULL, NULL), "
            "('cy', 'acme', 7, 'crm', 'k1')"
        )

    migrate.apply(empty_database)

    with psycopg.connect(empty_database) as connection:
        left = connection.execute("SELECT contact, account FROM contact_links").fetchall()
    assert sorted(left) == [("bob", "acme"), ("bob", "bolt"), ("cy", "acme")]


def test_a_month_that_is_open_is_opened_no_second_time(database: str) -> None:
    january = int(datetime(2026, 1, 15, tzinfo=UTC).timestamp()) * 1_000_000
    with psycopg.connect(database) as connection:
        for _ in range(2):
            connection.execute("SELECT open_event_leaf('lead.created', %s)", (january,))
        found = connection.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events_lead'::regclass"
        ).fetchone()

    assert found == (1,)


def log(connection: psycopg.Connection, kind: str, at: datetime) -> None:
    connection.execute(
        "INSERT INTO events (source, id, type, time_us, home, account, amount, currency, data, "
        "received_us) VALUES ('cr m', %s, %s, %s, 'acme', 'acme', 12, 'EUR', %s, 99)",
        (f"ü {kind}", kind, round(at.timestamp() * 1_000_000), '{"n": 1.10, "of":  "x"}'),
    )


def rows(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT source, id, type, time_us, home, account, contact, amount, currency, data::text, "
        "received_us FROM events ORDER BY id"
    ).fetchall()
