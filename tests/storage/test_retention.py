"""Old events go by rule; what an experiment may still need stays, however old it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from schemas.events import Event
from schemas.resources import MetricUse
from storage.pool import Connection
from storage.retention import EVENTS_AT_ONCE, delete_part, put_rule, retention_rules
from tests.storage.stream import NOW, Log, build_all, register
from tests.storage.test_batches import HOUR, LEADS, START, T0, TEST, exposure, lead, on

DAY = timedelta(days=1)


def visit(number: int, *, days: int) -> Event:
    return Event(
        source="web",
        id=f"v{number}",
        type="engagement.page.viewed",
        time_us=T0 + days * 24 * HOUR,
        account="acme",
    )


async def stored(connection: Connection, kind: str) -> set[str]:
    cursor = await connection.execute("SELECT id FROM events WHERE type = %s", (kind,))
    return {row[0] for row in await cursor.fetchall()}


async def run(connection: Connection, kind: str, days: int, *, at: datetime = NOW) -> int:
    async with connection.transaction():
        await put_rule(connection, kind, days, by="steward-1", at=at)
        (rule,) = await retention_rules(connection)
    async with connection.transaction():
        return (await delete_part(connection, rule, at=at)).events


def test_events_older_than_their_rule_go_and_others_stay(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        await log.deliver(connection, [visit(1, days=0), visit(2, days=100), lead(1, account="a")])

        deleted = await run(connection, "engagement.*", 60)

        assert deleted == 1
        assert await stored(connection, "engagement.page.viewed") == {"v2"}
        assert await stored(connection, "lead.accepted") == {"l1"}

    on(database, body)


def test_a_rule_for_one_type_leaves_types_that_only_begin_like_it(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        other = Event(
            source="web", id="o1", type="engagement.page_viewed.late", time_us=T0, account="acme"
        )
        await log.deliver(connection, [visit(1, days=0), other])

        assert await run(connection, "engagement.page.*", 1) == 1
        assert await stored(connection, "engagement.page_viewed.late") == {"o1"}

    on(database, body)


def test_what_an_experiment_may_still_need_stays(database: str) -> None:
    async def body(connection: Connection) -> None:
        use = MetricUse(metric="accepted-leads", covariate=10 * DAY)
        await register(connection, [LEADS], TEST.model_copy(update={"metrics": (use,)}))
        await build_all(connection)
        log = Log()
        before = (START - datetime.fromtimestamp(T0 / 1e6, UTC)) // timedelta(hours=1)
        await log.deliver(
            connection,
            [
                exposure(1, "a", account="acme"),
                lead(1, hours=before - 24 * 10, account="acme"),
                lead(2, hours=before - 24 * 10 - 1, account="acme"),
            ],
        )

        deleted = await run(connection, "lead.accepted", 1)

        assert deleted == 1
        assert await stored(connection, "lead.accepted") == {"l1"}

    on(database, body)


def test_a_pass_deletes_a_bounded_part(database: str) -> None:
    async def body(connection: Connection) -> None:
        await connection.execute("SELECT open_event_leaf('engagement.mail.opened', 1)")
        await connection.execute(
            "INSERT INTO events (source, id, type, time_us, home, data, received_us) "
            "SELECT 's', n::text, 'engagement.mail.opened', 1, 'acme', '{}', 1 "
            "FROM generate_series(1, %s) n",
            (EVENTS_AT_ONCE + 7,),
        )

        first = await run(connection, "engagement.*", 1)
        second = await run(connection, "engagement.*", 1)

        assert (first, second) == (EVENTS_AT_ONCE, 7)

    on(database, body)
