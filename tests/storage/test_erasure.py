"""An erased contact leaves figures as if it had never been seen, and stays out for good."""

from __future__ import annotations

import psycopg

from schemas.events import Event
from storage.erasure import erase_contact, erasures_before
from storage.pool import Connection
from tests.storage.stream import NOW, Log, build_all, register, totals
from tests.storage.test_batches import (
    BY_CONTACT,
    LEADS,
    TEST,
    exposure,
    lead,
    leads_by_variant,
    link,
    on,
)

ANN: list[Event] = [
    exposure(1, "b", account="acme", contact="ann"),
    exposure(2, "b", experiment="by-contact", account="acme", contact="ann"),
    lead(1, account="acme", contact="ann"),
    lead(2, hours=2, contact="ann"),
    link(1, "ann", "acme"),
]
OTHERS: list[Event] = [
    exposure(11, "a", hours=3, account="acme", contact="bob"),
    exposure(12, "a", experiment="by-contact", hours=3, account="acme", contact="bob"),
    lead(11, hours=4, account="acme", contact="bob"),
    exposure(13, "b", account="bolt", contact="cleo"),
    exposure(14, "b", experiment="by-contact", account="bolt", contact="cleo"),
    lead(12, hours=1, account="bolt", contact="cleo"),
]
NEVER_SEEN = {
    "subject-line": ({0: (1, 1), 1: (1, 1)}, {0: (1, 0), 1: (1, 0)}),
    "by-contact": ({0: (1, 1), 1: (1, 1)}, {0: (1, 0), 1: (1, 0)}),
}
"""By variant: units and leads, exposed and mixed units, in a house that only met the others."""


async def figures(connection: Connection) -> dict[str, tuple[object, object]]:
    found: dict[str, tuple[object, object]] = {}
    for key in NEVER_SEEN:
        cohorts: dict[int, tuple[int, int]] = {}
        for cohort, counts in (await totals(connection, key)).cohorts.items():
            if counts.units or counts.exposures:
                cohorts[cohort.variant] = (counts.units, counts.mixed)
        found[key] = (await leads_by_variant(connection, key), cohorts)
    return found


async def started(connection: Connection) -> Log:
    await register(connection, [LEADS], TEST)
    await register(connection, [LEADS], BY_CONTACT)
    await build_all(connection)
    return Log()


async def erase(connection: Connection, contact: str = "ann") -> None:
    async with connection.transaction():
        await erase_contact(connection, contact, by="steward-1", at=NOW)


def test_figures_are_what_they_would_be_had_the_contact_never_been_seen(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = await started(connection)
        await log.deliver(connection, [*ANN, *OTHERS])
        assert await figures(connection) != NEVER_SEEN

        await erase(connection)

        assert await figures(connection) == NEVER_SEEN

    on(database, body)


def test_its_events_come_in_no_more_whether_sent_again_or_new(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = await started(connection)
        await log.deliver(connection, [*ANN, *OTHERS])
        await erase(connection)

        applied = await log.deliver(connection, [*ANN, lead(99, contact="ann")])

        assert await figures(connection) == NEVER_SEEN
        assert sum(a.accepted for a in applied) == 0
        assert sum(a.duplicates for a in applied) == 0

    on(database, body)


def test_one_that_was_never_seen_stays_out_too(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = await started(connection)
        await erase(connection)

        await log.deliver(connection, [*ANN, *OTHERS])

        assert await figures(connection) == NEVER_SEEN

    on(database, body)


def test_nothing_that_is_kept_names_the_contact(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = await started(connection)
        await log.deliver(connection, [*ANN, *OTHERS])
        await connection.execute(
            'INSERT INTO dead_letters (topic_id, topic, partition, "offset", field, rule, detail, '
            "raw, received_us) VALUES (gen_random_uuid(), 'events', 0, 1, 'type', 'known', 'x', "
            '\'{"contact": "ann"}\'::bytea, 1)'
        )
        await erase(connection)

    on(database, body)

    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        ).fetchall()
        for (table,) in tables:
            naming = connection.execute(
                f"SELECT count(*) FROM {table} t WHERE t::text ~ '\\mann\\M'"
                f" OR position('616e6e' IN t::text) > 0"
            ).fetchone()
            assert naming == (0,), table


def test_the_erasure_is_kept_without_whom_it_was_about(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = await started(connection)
        await log.deliver(connection, [*ANN, *OTHERS])
        await erase(connection)

        (erasure,) = await erasures_before(connection, before=2**62, limit=10)

        assert (erasure.events, erasure.erased_by) == (5, "steward-1")
        assert erasure.experiments == ("by-contact", "subject-line")
        assert "ann" not in str(erasure)

    on(database, body)
