"""One batch is one transaction: all of it counts once, or none of it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import AsyncConnection

from attribution.increments import CohortCounts
from schemas.events import Event
from schemas.resources import (
    EventFilter,
    ExperimentDraft,
    Measure,
    MetricDraft,
    MetricKind,
    MetricUse,
    Side,
    Variant,
)
from storage.batches import AloneInGateRequired, DecodedBatch, LogEvent, apply_batch
from storage.builds import build_step, complete_build
from storage.definitions import NOTHING_LOADED
from storage.offsets import FencedError, open_partition
from storage.pool import Connection
from storage.registry import (
    ConflictError,
    UnknownMetricError,
    add_experiment,
    add_metric,
    start_experiment,
    stop_experiment,
)
from tests.storage.stream import (
    NOW,
    TOPIC_ID,
    Log,
    build_all,
    register,
    stored_offsets,
    totals,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
T0 = 1_767_225_600_000_000 + 24 * HOUR  # 2026-01-02 00:00 UTC

LEADS = MetricDraft(
    key="accepted-leads",
    name="Accepted leads",
    meaning="Leads that sales accepted",
    owner=Side.SALES,
    kind=MetricKind.COUNT,
    measure=Measure(filter=EventFilter(types=("lead.accepted",))),
    window=timedelta(days=14),
)
TEST = ExperimentDraft(
    key="subject-line",
    name="Subject line",
    hypothesis="A question brings more accepted leads",
    owner=Side.MARKETING,
    variants=(Variant(key="a", control=True), Variant(key="b")),
    metrics=(MetricUse(metric="accepted-leads"),),
    starts_at=START,
    planned_units=100,
)
BY_CONTACT = TEST.model_copy(update={"key": "by-contact", "unit": "contact"})


def exposure(
    number: int, variant: str, *, experiment: str = "subject-line", hours: int = 0, **who: str
) -> Event:
    data = {"experiment": experiment, "variant": variant}
    return Event(
        source="crm",
        id=f"x{number}",
        type="experiment.exposure",
        time_us=T0 + hours * HOUR,
        data=data,
        **who,
    )


def lead(number: int, *, hours: int = 1, **who: str) -> Event:
    return Event(
        source="crm", id=f"l{number}", type="lead.accepted", time_us=T0 + hours * HOUR, **who
    )


def link(number: int, contact: str, account: str, *, hours: int = 0) -> Event:
    return Event(
        source="crm",
        id=f"k{number}",
        type="identity.linked",
        time_us=T0 + hours * HOUR,
        contact=contact,
        account=account,
    )


def on(database: str, body: Callable[[Connection], Awaitable[None]]) -> None:
    async def run() -> None:
        async with await AsyncConnection.connect(database, autocommit=True) as connection:
            await body(connection)

    asyncio.run(run())


async def leads_by_variant(connection: Connection, key: str) -> dict[int, tuple[int, int]]:
    """Units and leads per variant number."""
    found = (await totals(connection, key)).cells
    sums: dict[int, tuple[int, int]] = {}
    for cell, increment in found.items():
        n, y = sums.get(cell.variant, (0, 0))
        sums[cell.variant] = (n + increment.moments.n, y + increment.moments.sum_y)
    return {variant: total for variant, total in sums.items() if total != (0, 0)}


def test_a_lead_after_its_accounts_exposure_counts(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        log = Log()

        await log.deliver(connection, [exposure(1, "b", account="acme.example")])
        await log.deliver(connection, [lead(1, account="acme.example")])

        assert await leads_by_variant(connection, "subject-line") == {1: (1, 1)}

    on(database, body)


def test_a_batch_that_is_applied_again_is_fenced_and_changes_nothing(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        sent = [LogEvent(exposure(1, "b", account="acme"), b"acme", T0)]
        batch = DecodedBatch(TOPIC_ID, "events", 0, 0, 1, sent, ())
        async with connection.transaction():
            await open_partition(connection, TOPIC_ID, "events", 0, 0)
        async with connection.transaction():
            await apply_batch(connection, batch, NOTHING_LOADED, alone=False)
        before = await totals(connection, "subject-line")

        with pytest.raises(FencedError, match=r"events\[0\] no longer stands at offset 0"):
            async with connection.transaction():
                await apply_batch(connection, batch, NOTHING_LOADED, alone=False)

        assert await totals(connection, "subject-line") == before
        assert await stored_offsets(connection) == {0: 1}

    on(database, body)


def test_an_event_sent_again_in_a_later_batch_adds_nothing_and_is_counted(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        log = Log(partitions=1)
        events = [exposure(1, "b", account="acme"), lead(1, account="acme")]
        await log.deliver(connection, events)

        again = await log.deliver(connection, [*events, lead(1, account="acme")])

        assert await leads_by_variant(connection, "subject-line") == {1: (1, 1)}
        assert [(a.accepted, a.duplicates) for a in again] == [(0, 3)]

    on(database, body)


def test_a_lone_contacts_history_moves_to_its_account_when_the_link_arrives(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        log = Log()
        await log.deliver(connection, [exposure(1, "b", account="acme")])
        await log.deliver(connection, [lead(1, contact="c1")])
        before = await leads_by_variant(connection, "subject-line")

        await log.deliver(connection, [link(1, "c1", "acme")])
        await log.deliver(connection, [lead(2, contact="c1")])

        assert before == {1: (1, 0)}
        assert await leads_by_variant(connection, "subject-line") == {1: (1, 2)}

    on(database, body)


def test_a_later_link_moves_the_lone_events_on_and_an_earlier_one_does_not(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        log = Log()
        exposures = [exposure(1, "a", account="acme"), exposure(2, "b", account="zeta")]
        await log.deliver(connection, exposures)
        await log.deliver(connection, [lead(1, contact="c1"), link(1, "c1", "acme", hours=5)])
        at_acme = await leads_by_variant(connection, "subject-line")

        await log.deliver(connection, [link(2, "c1", "zeta", hours=2)])
        still_at_acme = await leads_by_variant(connection, "subject-line")
        await log.deliver(connection, [link(3, "c1", "zeta", hours=9)])

        assert at_acme == still_at_acme == {0: (1, 1), 1: (1, 0)}
        assert await leads_by_variant(connection, "subject-line") == {0: (1, 0), 1: (1, 1)}

    on(database, body)


def test_a_second_link_to_the_same_account_counts_by_its_own_time(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        log = Log()
        exposures = [exposure(1, "a", account="acme"), exposure(2, "b", account="zeta")]
        await log.deliver(connection, [*exposures, lead(1, contact="c1")])
        await log.deliver(connection, [link(1, "c1", "acme", hours=1)])
        await log.deliver(connection, [link(2, "c1", "zeta", hours=5)])

        await log.deliver(connection, [link(3, "c1", "acme", hours=9)])

        assert await leads_by_variant(connection, "subject-line") == {0: (1, 1), 1: (1, 0)}

    on(database, body)


def test_an_event_that_names_contact_and_account_joins_what_the_contact_did_alone(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], BY_CONTACT)
        log = Log()
        await log.deliver(connection, [exposure(1, "b", experiment="by-contact", contact="c1")])

        await log.deliver(connection, [lead(1, contact="c1", account="acme")])

        assert await leads_by_variant(connection, "by-contact") == {1: (1, 1)}

    on(database, body)


def test_an_event_sent_again_under_another_account_moves_nobody(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        await register(connection, [LEADS], TEST)
        await build_all(connection)
        await log.deliver(connection, [exposure(1, "a", account="cafe")])
        await log.deliver(connection, [link(2, "c1", "cafe"), lead(3, contact="c1")])
        before = await totals(connection, "subject-line")

        again = await log.deliver(connection, [link(2, "c1", "aaaa", hours=3)])

        assert [applied.duplicates for applied in again] == [1]
        assert (await totals(connection, "subject-line")).cells == before.cells
        await log.deliver(connection, [lead(4, contact="c1")])
        assert await leads_by_variant(connection, "subject-line") == {0: (1, 2)}

    on(database, body)


def test_a_lone_event_sent_again_of_another_contact_makes_no_contact(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        await log.deliver(connection, [lead(1, contact="c1")])

        again = await log.deliver(connection, [lead(1, contact="c2")])

        known = await (await connection.execute("SELECT contact FROM contacts")).fetchall()
        assert [applied.duplicates for applied in again] == [1]
        assert known == [("c1",)]

    on(database, body)


def test_writing_to_another_partitions_home_is_refused_unless_alone_in_the_gate(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        sent = [LogEvent(lead(1, account="acme"), b"some other key", T0)]
        batch = DecodedBatch(TOPIC_ID, "events", 0, 0, 1, sent, ())
        async with connection.transaction():
            await open_partition(connection, TOPIC_ID, "events", 0, 0)

        with pytest.raises(AloneInGateRequired):
            async with connection.transaction():
                await apply_batch(connection, batch, NOTHING_LOADED, alone=False)

        assert await stored_offsets(connection) == {0: 0}

    on(database, body)


def test_an_experiment_registered_after_its_events_is_built_from_the_stored_history(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        early = [exposure(n, "ab"[n % 2], account=f"account-{n}") for n in range(9)]
        await log.deliver(connection, early + [lead(n, account=f"account-{n}") for n in range(9)])
        await register(connection, [LEADS], TEST)
        await log.deliver(connection, [lead(100, account="account-0")])

        steps = await build_all(connection, limit=2)

        found = await totals(connection, "subject-line")
        assert steps == 5
        assert found.is_built
        assert await leads_by_variant(connection, "subject-line") == {0: (5, 6), 1: (4, 4)}

    on(database, body)


def test_a_stream_that_runs_between_the_steps_of_a_build_meets_it_exactly(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        accounts = [f"account-{n}" for n in range(6)]
        early = [exposure(n, "b", account=account) for n, account in enumerate(accounts)]
        await log.deliver(connection, early)
        await register(connection, [LEADS], TEST)

        for round_number in range(4):
            await log.deliver(
                connection,
                [lead(10 * round_number + n, account=a) for n, a in enumerate(accounts)],
            )
            await build_some(connection)
        await build_all(connection)

        assert await leads_by_variant(connection, "subject-line") == {1: (6, 24)}

    on(database, body)


async def build_some(connection: Connection) -> None:
    async with connection.transaction():
        await build_step(connection, limit=2)


def test_stopping_ends_exposure_and_keeps_open_windows_counting(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        log = Log()
        await log.deliver(connection, [exposure(1, "b", account="acme")])
        await build_all(connection)
        stopped_at = START + timedelta(days=1, hours=1)
        async with connection.transaction():
            await stop_experiment(
                connection, "subject-line", at=stopped_at, reason="done", reporting_currency="EUR"
            )
        await build_all(connection)
        late = exposure(2, "a", account="zeta")
        late = Event(**{name: getattr(late, name) for name in late.__struct_fields__}
                     | {"time_us": T0 + 2 * HOUR})  # fmt: skip

        await log.deliver(connection, [late, lead(1, hours=3, account="acme")])

        found = await totals(connection, "subject-line")
        assert found.epoch == 2
        assert await leads_by_variant(connection, "subject-line") == {1: (1, 1)}
        assert sum(found.strays.values()) == 1

    on(database, body)


def test_a_build_that_was_overtaken_completes_nothing(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        await build_all(connection)
        current = await totals(connection, "subject-line")

        async with connection.transaction():
            completed = await complete_build(connection, current.definition_id + 1000, at=NOW)

        assert completed is False
        assert await totals(connection, "subject-line") == current

    on(database, body)


def test_units_that_met_both_variants_are_counted_and_left_out(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)

        await Log().deliver(
            connection,
            [
                exposure(1, "a", account="acme"),
                exposure(2, "b", account="acme"),
                lead(1, account="acme"),
            ],
        )

        found = await totals(connection, "subject-line")
        assert await leads_by_variant(connection, "subject-line") == {}
        assert list(found.cohorts.values()) == [CohortCounts(units=1, mixed=1, exposures=2)]

    on(database, body)


def test_a_second_definition_is_read_only_once_it_is_built(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        await Log().deliver(connection, [exposure(1, "b", account="acme")])
        await build_all(connection)
        async with connection.transaction():
            await stop_experiment(
                connection, "subject-line", at=NOW, reason="done", reporting_currency="EUR"
            )

        while_building = await totals(connection, "subject-line")
        await build_all(connection)
        after = await totals(connection, "subject-line")

        assert (while_building.epoch, while_building.is_rebuilding) == (1, True)
        assert (after.epoch, after.is_rebuilding) == (2, False)
        assert list(while_building.cohorts.values()) == list(after.cohorts.values())

    on(database, body)


def test_a_metric_that_is_not_registered_is_named(database: str) -> None:
    async def body(connection: Connection) -> None:
        with pytest.raises(UnknownMetricError, match="accepted-leads"):
            async with connection.transaction():
                await add_experiment(connection, TEST, at=NOW)

    on(database, body)


def test_a_metric_posted_again_unchanged_keeps_its_version(database: str) -> None:
    async def body(connection: Connection) -> None:
        changed = LEADS.model_copy(update={"meaning": "Leads that sales took over"})
        async with connection.transaction():
            first = await add_metric(connection, LEADS, at=NOW)
            again = await add_metric(connection, LEADS, at=NOW)
            second = await add_metric(connection, changed, at=NOW)

        assert [(m.version, new) for m, new in (first, again, second)] == [
            (1, True),
            (1, False),
            (2, True),
        ]

    on(database, body)


def test_an_experiment_starts_once(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)

        refusal = "is running; only one that is draft or registered can start"
        with pytest.raises(ConflictError, match=refusal):
            async with connection.transaction():
                await start_experiment(connection, "subject-line", at=NOW, reporting_currency="EUR")

    on(database, body)
