"""Outcomes of single units are found wherever the units are, and nowhere else."""

from datetime import timedelta
from decimal import Decimal

import psycopg

from attribution.outcomes import Outcome
from schemas.resources import MetricUse
from storage.definition_homes import HOMES_AT_ONCE
from storage.pool import Connection
from storage.registry import stop_experiment
from storage.unit_outcomes import UnitOutcomes, unit_outcomes
from tests.storage.stream import NOW, Log, build_all, register, totals
from tests.storage.test_batches import (
    BY_CONTACT,
    HOUR,
    LEADS,
    T0,
    TEST,
    exposure,
    lead,
    link,
    on,
)


async def units_of(
    connection: Connection, key: str = "subject-line", *, most: int = 100
) -> list[tuple[int, int, int]] | None:
    """Variant, whole hours from T0 to the exposure, and leads of every unit; None for too many."""
    read = await totals(connection, key)
    found = await unit_outcomes(connection, read.definition_id, read.body, most=most)
    if found is None:
        return None
    return [(u.variant, (u.exposed_us - T0) // HOUR, u.outcomes[0].y) for u in found]


def test_every_unit_has_its_variant_its_exposure_and_an_outcome_per_metric(database: str) -> None:
    async def body(connection: Connection) -> None:
        covariate = timedelta(days=1)
        use = MetricUse(metric="accepted-leads", covariate=covariate, cap=Decimal(2))
        await register(connection, [LEADS], TEST.model_copy(update={"metrics": (use,)}))
        await Log().deliver(
            connection,
            [
                exposure(1, "b", account="acme"),
                *(lead(n, hours=n, account="acme") for n in (-3, -2, -1, 1, 2, 3, 4)),
                lead(9, hours=-30, account="acme"),
            ],
        )

        read = await totals(connection, "subject-line")
        found = await unit_outcomes(connection, read.definition_id, read.body, most=1)

        outcome = Outcome(y=2, d=0, x=2, incomplete=False)
        assert found == (UnitOutcomes(variant=1, exposed_us=T0, outcomes=(outcome,)),)
        (cell,) = read.cells.values()
        assert cell.uncapped == (1, 4, 16)

    on(database, body)


def test_what_a_cap_takes_away_adds_up_over_batches_and_partitions(database: str) -> None:
    async def body(connection: Connection) -> None:
        use = MetricUse(metric="accepted-leads", cap=Decimal(2))
        await register(connection, [LEADS], TEST.model_copy(update={"metrics": (use,)}))
        log = Log(partitions=3)
        accounts = [f"account-{n}" for n in range(6)]
        await log.deliver(connection, [exposure(n, "b", account=a) for n, a in enumerate(accounts)])
        for number in range(4):
            leads = [lead(10 * number + n, account=a) for n, a in enumerate(accounts) if n > number]
            await log.deliver(connection, leads)

        (cell,) = (await totals(connection, "subject-line")).cells.values()

        # The accounts accepted 0, 1, 2, 3, 4 and 4 leads.
        assert (cell.moments.n, cell.moments.sum_y, cell.moments.sum_yy) == (6, 9, 17)
        assert cell.uncapped == (3, 14, 46)

    on(database, body)


def test_units_come_in_the_order_of_their_exposure_then_of_their_home(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        log = Log(partitions=1)
        await log.deliver(
            connection,
            [
                exposure(1, "a", account="zeta", hours=3),
                exposure(2, "b", account="mira", hours=2),
                exposure(3, "a", account="acme", hours=2),
                exposure(4, "b", account="Zeta", hours=2),
            ],
        )

        assert await units_of(connection) == [(1, 2, 0), (0, 2, 0), (1, 2, 0), (0, 3, 0)]

    on(database, body)


def test_mixed_units_are_left_out_as_they_are_of_the_moments(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        events = [exposure(1, "a", account="acme"), exposure(2, "b", account="zeta")]
        await Log().deliver(connection, [*events, exposure(3, "b", account="acme", hours=1)])

        assert await units_of(connection) == [(1, 0, 0)]

    on(database, body)


def test_where_more_homes_than_asked_for_hold_units_there_are_no_single_outcomes(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        events = [exposure(n, "ab"[n % 2], account=f"account-{n}") for n in range(3)]
        await Log().deliver(connection, events)

        assert await units_of(connection, most=2) is None
        assert len(await units_of(connection, most=3) or ()) == 3

    on(database, body)


def test_more_units_than_are_read_at_once_are_all_found(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        count = 2 * HOMES_AT_ONCE
        events = [exposure(n, "b", account=f"account-{n}") for n in range(count)]
        await Log().deliver(connection, [*events, lead(1, account=f"account-{count - 1}")])

        found = await units_of(connection, most=count) or []

        assert (len(found), sum(leads for *_, leads in found)) == (count, 1)

    on(database, body)


def test_a_home_that_met_no_exposure_is_no_home_of_the_definition(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        stray = exposure(2, "a", account="late", hours=-48)
        await Log().deliver(connection, [lead(1, account="acme"), stray])

        assert await units_of(connection, most=0) == []

    on(database, body)


def test_a_unit_is_found_at_a_home_that_had_nothing_but_stray_exposures_before(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        log = Log()
        await log.deliver(connection, [exposure(1, "unknown variant", account="acme")])

        await log.deliver(connection, [exposure(2, "b", account="acme")])

        assert await units_of(connection) == [(1, 0, 0)]

    on(database, body)


def test_a_contact_that_moves_brings_its_unit_to_its_new_home(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], BY_CONTACT)
        log = Log()
        events = [exposure(1, "b", experiment="by-contact", contact="c1"), lead(1, contact="c1")]
        await log.deliver(connection, events)

        await log.deliver(connection, [link(1, "c1", "acme")])
        at_acme = await units_of(connection, "by-contact")
        await log.deliver(connection, [link(2, "c1", "zeta", hours=1), lead(2, contact="c1")])

        assert at_acme == [(1, 0, 1)]
        assert await units_of(connection, "by-contact") == [(1, 0, 2)]

    on(database, body)


def test_an_experiment_registered_late_finds_the_units_of_its_history(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        early = [exposure(n, "ab"[n % 2], account=f"account-{n}") for n in range(5)]
        await log.deliver(connection, early + [lead(n, account=f"account-{n}") for n in range(5)])
        await register(connection, [LEADS], TEST)

        await build_all(connection, limit=2)

        assert sorted(await units_of(connection) or ()) == [(0, 0, 1)] * 3 + [(1, 0, 1)] * 2

    on(database, body)


def test_events_that_are_sent_again_leave_the_outcomes_as_they_are(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        events = [exposure(1, "b", account="acme"), lead(1, account="acme")]
        log = Log()
        await log.deliver(connection, events)

        await log.deliver(connection, events)

        assert await units_of(connection) == [(1, 0, 1)]

    on(database, body)


def test_the_homes_of_a_retired_definition_are_forgotten(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS], TEST)
        await Log().deliver(connection, [exposure(1, "b", account="acme")])
        await build_all(connection)
        async with connection.transaction():
            await stop_experiment(
                connection, "subject-line", at=NOW, reason="done", reporting_currency="EUR"
            )

        await build_all(connection)

        current = (await totals(connection, "subject-line")).definition_id
        with psycopg.connect(database) as reader:
            kept = reader.execute("SELECT definition_id, home FROM definition_homes").fetchall()
        assert kept == [(current, "acme")]

    on(database, body)
