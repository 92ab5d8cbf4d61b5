"""Old events go by rule; what an experiment may still need stays, however old it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import AsyncConnection

from schemas.events import Event
from schemas.resources import MetricUse
from storage import retention_pass
from storage.event_leaves import Leaf, event_leaves, leaves_aside
from storage.gate import enter_gate
from storage.pool import Connection
from storage.retention import Cutoff, drop_rule, put_rule, retention_runs
from storage.retention_pass import Transactions, goes_whole, run_pass
from storage.verified_snapshot import take_snapshot
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
    done = await run_pass(units_on(connection), at=at)
    return sum(run.events for run in done.runs)


def units_on(connection: Connection) -> Transactions:
    @asynccontextmanager
    async def begin() -> AsyncIterator[Connection]:
        async with connection.transaction():
            yield connection

    return begin


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


def test_a_month_of_which_nothing_is_kept_is_dropped_and_counted(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        await log.deliver(connection, [visit(1, days=0), visit(2, days=1), visit(3, days=100)])

        deleted = await run(connection, "engagement.*", 60)

        assert deleted == 2
        assert await leaves(connection) == {"events_engagement_2026_04"}
        assert await tables_aside(connection) == []
        assert await noted(connection) == 2

    on(database, body)


def test_an_event_that_comes_late_opens_its_month_anew(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        await log.deliver(connection, [visit(1, days=0)])
        await run(connection, "engagement.*", 60)

        await log.deliver(connection, [visit(2, days=0), visit(1, days=0)])

        # What was deleted is still known by its name: sent again, it does not come back.
        assert await stored(connection, "engagement.page.viewed") == {"v2"}
        assert await run(connection, "engagement.*", 60) == 1
        assert await noted(connection) == 2

    on(database, body)


def test_a_month_that_is_kept_in_part_is_walked_through_by_pages(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_pass, "PAGES_AT_ONCE", 3)

    async def body(connection: Connection) -> None:
        await connection.execute("SELECT open_event_leaf('engagement.page.viewed', 1)")
        await connection.execute(
            "INSERT INTO events (source, id, type, time_us, home, data, received_us) "
            "SELECT 's', n::text, CASE WHEN n %% 10 = 0 THEN 'engagement.email.sent' "
            "ELSE 'engagement.page.viewed' END, 1, 'acme', '{}', 1 FROM generate_series(1, %s) n",
            (2_000,),
        )

        deleted = await run(connection, "engagement.page.viewed", 1)

        assert deleted == 1_800
        assert len(await stored(connection, "engagement.email.sent")) == 200
        runs = await retention_runs(connection, limit=100)
        assert len(runs) > 3
        assert sum(one.events for one in runs) == 1_800

    on(database, body)


def test_while_somebody_reads_a_month_it_stays_and_the_stream_goes_on(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        await log.deliver(connection, [visit(1, days=0)])
        async with await AsyncConnection.connect(database) as reader:
            await reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            await reader.execute("SELECT count(*) FROM events")

            assert await run(connection, "engagement.*", 60) == 0
            await connection.execute("SET statement_timeout = '5s'")
            (applied,) = await log.deliver(connection, [visit(2, days=1)])

            assert applied.accepted == 1
            seen = await (await reader.execute("SELECT count(*) FROM events")).fetchone()
            assert seen == (1,)
        assert await run(connection, "engagement.*", 60) == 2

    on(database, body)


def test_a_batch_under_way_keeps_its_months_until_it_ends(database: str) -> None:
    async def body(connection: Connection) -> None:
        await Log().deliver(connection, [visit(1, days=0)])
        async with await AsyncConnection.connect(database) as batch:
            await enter_gate(batch, alone=False)

            assert await run(connection, "engagement.*", 60) == 0

            assert await leaves(connection) == {"events_engagement_2026_01"}

    on(database, body)


def test_a_pass_that_was_cut_off_is_completed_by_the_next_and_every_count_holds(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        await log.deliver(connection, [visit(1, days=0), visit(2, days=1)])
        async with await AsyncConnection.connect(database) as verifier:
            await verifier.execute("SELECT 1")
            await verifier.rollback()
            await hold_leaves_aside(verifier)

            assert await run(connection, "engagement.*", 60) == 0

            assert await stored(connection, "engagement.page.viewed") == set()
            assert len(await tables_aside(connection)) == 1
        async with connection.transaction():
            before = await take_snapshot(connection)
        async with connection.transaction():
            await drop_rule(connection, "engagement.*")
        await run_pass(units_on(connection), at=NOW)
        async with connection.transaction():
            after = await take_snapshot(connection)

        assert before.deleted_events == after.deleted_events == 2
        assert before.events == after.events == 0
        assert before.deletions == after.deletions
        assert await tables_aside(connection) == []

    on(database, body)


def test_a_month_goes_whole_only_where_each_type_it_may_hold_is_past_its_rule() -> None:
    leaf = Leaf("events_lead_2026_01", "events_lead", 0, 10, 1)
    own = leaf._replace(parent="events_own")
    past, not_yet = datetime.fromtimestamp(1, UTC), datetime.fromtimestamp(0, UTC)
    leads = ["lead.created", "lead.qualified", "lead.accepted", "lead.rejected"]

    assert goes_whole(leaf, [Cutoff("lead.*", past)], ())
    assert goes_whole(leaf, [Cutoff(kind, past) for kind in leads], ())
    assert not goes_whole(leaf, [Cutoff(kind, past) for kind in leads[1:]], ())
    assert not goes_whole(leaf, [Cutoff("lead.*", not_yet)], ())
    assert not goes_whole(leaf, [Cutoff("deal.*", past)], ())
    assert goes_whole(own, [Cutoff("trial.*", past)], ("trial.started",))
    assert not goes_whole(own, [Cutoff("trial.*", past)], ("trial.started", "renewal.due"))
    assert not goes_whole(own, [Cutoff("trial.*", past)], ())


async def leaves(connection: Connection) -> set[str]:
    return {leaf.name for leaf in await event_leaves(connection)}


async def tables_aside(connection: Connection) -> list[str]:
    return await leaves_aside(connection)


async def noted(connection: Connection) -> int:
    return sum(one.events for one in await retention_runs(connection, limit=100))


async def hold_leaves_aside(verifier: Connection) -> None:
    """As a verification that began when nothing was set aside and reads no event yet."""
    await verifier.execute("LOCK TABLE retention_runs IN ACCESS SHARE MODE")
