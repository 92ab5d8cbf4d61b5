"""Builds: what is interrupted is taken up again, and meets whatever else happened meanwhile."""

from datetime import timedelta

from psycopg import AsyncConnection

from schemas.amendments import AmendmentDraft
from schemas.events import Event
from schemas.resources import (
    Condition,
    EventFilter,
    MatchingExposure,
    Measure,
    MetricDraft,
    MetricUse,
)
from storage.amendments import amend_experiment
from storage.builds import BuildStep, build_step
from storage.erasure import erase_contact
from storage.pool import Connection
from stream_processors.builder import FEWEST_EVENTS, MOST_EVENTS, next_limit
from tests.storage.stream import NOW, Log, build_all, register, totals
from tests.storage.test_batches import (
    HOUR,
    LEADS,
    T0,
    TEST,
    exposure,
    lead,
    leads_by_variant,
    link,
    on,
)
from tests.storage.test_verification import verified

ACCOUNTS = [f"account-{n}" for n in range(6)]


class _DiedError(Exception):
    """What a killed worker would have said."""


async def step(connection: Connection, limit: int, *, dies: bool = False) -> BuildStep | None:
    """One step in a transaction, which is lost where the worker dies before its commit."""
    try:
        async with connection.transaction():
            found = await build_step(connection, limit=limit)
            if dies:
                raise _DiedError
    except _DiedError:
        return None
    return found


async def clean(connection: Connection) -> None:
    found = await verified(connection)
    assert found.differences == []


def test_a_build_that_dies_between_and_within_steps_meets_what_came_meanwhile(
    database: str,
) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        met = [exposure(n, "ab"[n % 2], account=account) for n, account in enumerate(ACCOUNTS)]
        of_ben = lead(2, contact="ben", account="account-4")
        await log.deliver(connection, [*met, lead(1, contact="ann"), of_ben])
        await register(connection, [LEADS], TEST)
        assert await step(connection, 2, dies=True) is None
        done = await step(connection, 2)
        assert done is not None
        assert (done.homes, done.evaluated, done.is_last) == (2, 2, False)
        await clean(connection)

        before, behind = ACCOUNTS[0], ACCOUNTS[5]
        await log.deliver(connection, [lead(3, account=before), lead(4, account=behind)])
        late = [
            exposure(10, "a", hours=-2, account=before),
            exposure(11, "b", hours=-2, account=behind),
        ]
        await log.deliver(connection, late)
        new = [exposure(12, "a", account="aaa-new"), lead(5, account="aaa-new")]
        await log.deliver(connection, new)
        await log.deliver(connection, [link(1, "ann", before)])
        async with connection.transaction():
            await erase_contact(connection, "ben", by="steward-1", at=NOW)
        await clean(connection)
        await step(connection, 2, dies=True)
        await build_all(connection)

        await clean(connection)
        read = await totals(connection, TEST.key)
        assert (read.is_built, read.homes_built) == (True, 7)
        assert await leads_by_variant(connection, TEST.key) == {0: (4, 3), 1: (3, 1)}

    on(database, body)


def test_an_amendment_during_a_build_takes_its_place(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        await log.deliver(connection, [exposure(n, "a", account=a) for n, a in enumerate(ACCOUNTS)])
        await log.deliver(connection, [lead(n, account=a) for n, a in enumerate(ACCOUNTS)])
        await register(connection, [LEADS], TEST)
        await step(connection, 3)
        asked = AmendmentDraft(
            reason="earlier touches count too",
            changes={"metrics": [{"metric": LEADS.key, "covariate": "P1D"}]},
        )
        async with connection.transaction():
            await amend_experiment(
                connection, TEST.key, asked, at=NOW, by="ada", reporting_currency="EUR"
            )
        await step(connection, 1)
        await clean(connection)

        await build_all(connection)

        await clean(connection)
        found = await totals(connection, TEST.key)
        assert (found.is_built, found.epoch) == (True, 2)
        assert await leads_by_variant(connection, TEST.key) == {0: (6, 6)}

    on(database, body)


def test_homes_that_cannot_be_exposed_are_passed_by(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        others = [exposure(n, "a", experiment="other", account=a) for n, a in enumerate(ACCOUNTS)]
        met = exposure(10, "b", account="account-2")
        await log.deliver(connection, [*others, met, lead(1, account="account-9")])
        await register(connection, [LEADS], TEST)

        done = await step(connection, 100)

        assert done is not None
        assert (done.homes, done.evaluated, done.events, done.is_last) == (7, 1, 1, True)
        again = await step(connection, 100)  # Its worker died before it called it complete.
        assert again is not None
        assert (again.homes, again.is_last) == (0, True)

    on(database, body)


def test_a_batch_books_to_a_definition_while_a_step_of_it_is_under_way(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        await log.deliver(connection, [exposure(1, "a", account="account-1")])
        await register(connection, [LEADS], TEST)
        async with (
            await AsyncConnection.connect(database, autocommit=True) as beside,
            connection.transaction(),
        ):
            assert await build_step(connection, limit=1) is not None

            # A cell that is new refers to its definition: waiting for the step would be a deadlock,
            # for the step waits for the homes that the batch has locked.
            await beside.execute("SET lock_timeout = '2s'")
            await log.deliver(beside, [exposure(2, "b", account="account-2")])

        await build_all(connection)
        await clean(connection)

    on(database, body)


def page(number: int, *, content: str, score: int, account: str) -> Event:
    return Event(
        source="web",
        id=f"p{number}",
        type="engagement.page.viewed",
        time_us=T0 + number * HOUR,
        content=content,
        campaign="spring",
        data={"score": score, "said": "a \u0000 that no text of the database may hold"},
        account=account,
    )


def test_a_rule_that_matches_pages_and_a_sum_of_what_they_say_are_built(database: str) -> None:
    async def body(connection: Connection) -> None:
        log = Log()
        await log.deliver(
            connection,
            [
                page(n, content="ab"[n % 2], score=n, account=f"account-{n % 3}")
                for n in range(1, 9)
            ],
        )
        scores = MetricDraft.model_validate(
            LEADS.model_dump()
            | {
                "key": "scores",
                "kind": "sum",
                "window": timedelta(hours=4),
                "measure": Measure(
                    filter=EventFilter(
                        types=("engagement.*",),
                        where=(Condition(field="data.score", op="gte", value=3),),
                    ),
                    value="data.score",
                ),
            }
        )
        matching = MatchingExposure(
            filter=EventFilter(
                types=("engagement.page.viewed",),
                where=(Condition(field="campaign", value="spring"),),
            ),
            variant_from="content",
        )
        draft = TEST.model_copy(
            update={"exposure": matching, "metrics": (MetricUse(metric="scores"),), "key": "pages"}
        )
        await register(connection, [scores], draft)
        await step(connection, 3)
        await clean(connection)

        await build_all(connection)

        await clean(connection)
        found = await totals(connection, "pages")
        assert sum(cohort.mixed for cohort in found.cohorts.values()) == 3

    on(database, body)


def test_a_step_grows_by_no_more_than_twice_and_shrinks_at_once() -> None:
    assert next_limit(1_000, seconds=0.001) == 2_000
    assert next_limit(1_000, seconds=0.1) == 1_000
    assert next_limit(1_000, seconds=0.5) == 200
    assert next_limit(1_000, seconds=60) == FEWEST_EVENTS
    assert next_limit(MOST_EVENTS, seconds=0) == MOST_EVENTS
