"""Deal times per variant, read from the units of a definition wherever they are."""

from datetime import timedelta

import pytest

from inference.deal_times import DealState, DealTime
from schemas.events import Event
from schemas.resources import EventFilter, Measure, MetricDraft, MetricKind, MetricUse, Side
from storage import definition_homes
from storage.deal_times import deal_times
from storage.pool import Connection
from tests.storage.stream import Log, register, totals
from tests.storage.test_batches import HOUR, LEADS, T0, TEST, exposure, on

VALUE = MetricDraft(
    key="deal-value",
    name="Deal value",
    meaning="What was bought",
    owner=Side.SALES,
    kind=MetricKind.LATEST_DEAL_VALUE,
    measure=Measure(filter=EventFilter(types=("deal.*",))),
    window=timedelta(hours=10),
)
EXPERIMENT = TEST.model_copy(
    update={"metrics": (*TEST.metrics, MetricUse(metric="deal-value", role="secondary"))}
)


def deal(verb: str, hours: int, account: str) -> Event:
    return Event(
        source="crm",
        id=f"{verb}-{account}",
        type=f"deal.{verb}",
        time_us=T0 + hours * HOUR,
        account=account,
        deal=f"deal-{account}",
    )


async def times_of(
    connection: Connection, *, most: int = 100, metric: int = 1
) -> dict[int, list[tuple[int, str]]] | None:
    """Hours and state per variant, 12 hours after the first exposure."""
    read = await totals(connection, "subject-line")
    now_us = T0 + 12 * HOUR
    found = await deal_times(
        connection, read.definition_id, read.body, metric, now_us=now_us, most=most
    )
    if found is None:
        return None
    return {v: [(t.time // 3_600, t.state.value) for t in times] for v, times in found.items()}


COMPANY = [
    exposure(1, "a", account="acme"),
    exposure(2, "b", account="bolt"),
    exposure(3, "b", account="mira", hours=5),
    exposure(4, "b", account="zeta"),
    exposure(5, "a", account="mixed"),
    exposure(6, "b", account="mixed", hours=1),
    deal("won", 3, "acme"),
    deal("lost", 4, "bolt"),
    deal("created", 6, "mira"),
    deal("won", 2, "mixed"),
]


def test_every_unit_that_is_not_mixed_has_a_deal_time_under_its_variant(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS, VALUE], EXPERIMENT)
        await Log().deliver(connection, COMPANY)

        assert await times_of(connection) == {
            0: [(3, "won")],
            1: [(4, "lost"), (7, "open"), (10, "open")],
        }

    on(database, body)


@pytest.mark.parametrize("at_once", [1, 2, 3, 4, 5, 6])
def test_however_many_homes_are_read_at_once_the_deal_times_are_the_same(
    database: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definition_homes, "HOMES_AT_ONCE", at_once)

    async def body(connection: Connection) -> None:
        await register(connection, [LEADS, VALUE], EXPERIMENT)
        await Log().deliver(connection, COMPANY)

        found = await times_of(connection)

        assert found == {0: [(3, "won")], 1: [(4, "lost"), (7, "open"), (10, "open")]}

    on(database, body)


def test_a_variant_that_nobody_met_has_no_deal_times(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS, VALUE], EXPERIMENT)

        assert await times_of(connection) == {0: [], 1: []}

    on(database, body)


def test_where_more_homes_than_asked_for_hold_units_there_are_no_deal_times(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS, VALUE], EXPERIMENT)
        await Log().deliver(connection, COMPANY)

        assert await times_of(connection, most=4) is None
        assert await times_of(connection, most=5) is not None

    on(database, body)


def test_deal_times_of_a_metric_that_follows_no_deals_are_refused(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS, VALUE], EXPERIMENT)
        await Log().deliver(connection, COMPANY)

        with pytest.raises(ValueError, match="'accepted-leads' follows no deals"):
            await times_of(connection, metric=0)

    on(database, body)


def test_a_deal_time_is_in_whole_seconds(database: str) -> None:
    async def body(connection: Connection) -> None:
        await register(connection, [LEADS, VALUE], EXPERIMENT)
        await Log().deliver(connection, [exposure(1, "a", account="acme")])
        read = await totals(connection, "subject-line")

        found = await deal_times(
            connection, read.definition_id, read.body, 1, now_us=T0 + 1_999_999, most=1
        )

        assert found == {0: [DealTime(1, DealState.OPEN)], 1: []}

    on(database, body)
