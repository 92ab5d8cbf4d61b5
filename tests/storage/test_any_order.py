"""Through PostgreSQL too: any arrival, crash, link and late registration gives a recomputation."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from attribution.units import Stray
from schemas.events import Event
from schemas.resources import MetricDraft
from storage.pool import Connection
from storage.registry import add_experiment, add_metric, start_experiment
from storage.statements import statement
from tests.attribution.histories import ACCOUNTS, CONTACTS, deliveries, histories, questions, times
from tests.attribution.oracle import Question, Totals, recompute
from tests.storage.stream import NOW, Log, build_all, totals

REASONS = {
    Stray.OUTSIDE_PERIOD: "outside period",
    Stray.UNKNOWN_VARIANT: "unknown variant",
    Stray.NO_UNIT: "no unit",
}
TABLES = (
    "events, contacts, contact_links, account_states, partition_offsets, moments, cohorts, "
    "stray_exposures, definitions, experiments, metrics, currency_rates"
)

any_arrival = settings(
    max_examples=max(10, settings().max_examples // 3),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

links = st.builds(
    lambda time_us, number, contact, account: Event(
        source="crm",
        id=f"link-{number}",
        type="identity.linked",
        time_us=time_us,
        contact=contact,
        account=account,
    ),
    times,
    st.integers(0, 20),
    st.sampled_from(CONTACTS),
    st.sampled_from(ACCOUNTS),
)


@any_arrival
@given(st.data())
def test_any_arrival_leaves_a_recomputation_in_the_database(
    database: str, data: st.DataObject
) -> None:
    asked = [data.draw(questions(number)) for number in range(data.draw(st.integers(1, 3)))]
    linked = {event.id: event for event in data.draw(st.lists(links, max_size=4))}
    history = [*data.draw(histories()), *linked.values()]
    batches = data.draw(deliveries(history))
    registered_before = [data.draw(st.integers(0, len(batches))) for _ in asked]
    crashes = data.draw(st.sets(st.integers(0, len(batches)), max_size=2))

    found, numbered = asyncio.run(
        _through_the_database(database, asked, registered_before, batches, crashes)
    )

    expected = recompute(numbered, _by_home(history))
    assert found == expected


async def _through_the_database(
    database: str,
    asked: Sequence[Question],
    registered_before: Sequence[int],
    batches: Sequence[Sequence[Event]],
    crashes: set[int],
) -> tuple[Totals, list[Question]]:
    log = Log(partitions=2)
    async with await AsyncConnection.connect(make_conninfo(database), autocommit=True) as db:
        await db.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE")
        numbered = []
        for number, batch in enumerate([*batches, []]):
            for question, before in zip(asked, registered_before, strict=True):
                if before == number:
                    numbered.append(await _register(db, question))
            if number in crashes:
                await _crash_in(db, log, batch)
            await log.deliver(db, batch)
        await build_all(db, limit=1)
        return await _totals(db, numbered), numbered


class _DiedError(Exception):
    """What a killed worker would have said."""


async def _crash_in(db: Connection, log: Log, batch: Sequence[Event]) -> None:
    """Do everything that a batch does, and lose it."""
    before, known = dict(log.offsets), log.known
    try:
        async with db.transaction():
            await log.deliver(db, batch)
            raise _DiedError
    except _DiedError:
        log.offsets, log.known = before, known


async def _register(db: Connection, question: Question) -> Question:
    uses = []
    async with db.transaction():
        for code, start, rate in question.money.rates:
            await db.execute(
                statement("insert_rate"), {"currency": code, "valid_from": start, "rate": rate}
            )
        for use in question.experiment.metrics:
            fields = {n: getattr(question.metrics[use.metric], n) for n in MetricDraft.model_fields}
            metric, _ = await add_metric(db, MetricDraft.model_validate(fields), at=NOW)
            uses.append(use.model_copy(update={"version": metric.version}))
        draft = question.experiment.model_copy(update={"metrics": tuple(uses)})
        await add_experiment(db, draft, at=NOW)
    async with db.transaction():
        currency = question.money.reporting
        await start_experiment(db, draft.key, at=NOW, reporting_currency=currency)
    found = await totals(db, draft.key)
    return replace(question, number=found.definition_id)


async def _totals(db: Connection, asked: Sequence[Question]) -> Totals:
    found = Totals()
    for question in asked:
        read = await totals(db, question.experiment.key)
        assert read.is_built
        for cell, change in read.cells.items():
            m = change.moments
            sums = (m.n, m.sum_y, m.sum_yy, m.sum_x, m.sum_xx, m.sum_xy, m.sum_d, m.sum_dd)
            if any((*sums, m.sum_yd, change.incomplete)):
                found.moments[tuple(cell)] = (*sums, m.sum_yd, change.incomplete)
        for cohort, counts in read.cohorts.items():
            if any((counts.units, counts.mixed, counts.exposures)):
                found.cohorts[tuple(cohort)] = (counts.units, counts.mixed, counts.exposures)
        for stray, count in read.strays.items():
            found.strays[question.number, REASONS[stray]] = count
    return found


def _by_home(history: Sequence[Event]) -> dict[str, list[Event]]:
    """Every event once, at the account it names or its contact's, by the rule as written down."""
    once: dict[tuple[str, str], Event] = {}
    for event in history:
        once.setdefault((event.source, event.id), event)
    accounts = _accounts_of_contacts(list(once.values()))
    homes: dict[str, list[Event]] = {}
    for event in once.values():
        lone = accounts.get(event.contact or "", f"contact:{event.contact}")
        homes.setdefault(event.account or lone, []).append(event)
    return homes


def _accounts_of_contacts(history: Sequence[Event]) -> Mapping[str, str]:
    """The account of the latest link on purpose; without one, the smallest one named beside it."""
    named = [e for e in history if e.contact is not None and e.account is not None]
    found: dict[str, str] = {}
    for event in sorted(named, key=lambda e: str(e.account), reverse=True):
        found[str(event.contact)] = str(event.account)
    on_purpose = [e for e in named if e.type == "identity.linked"]
    for event in sorted(on_purpose, key=lambda e: (e.time_us, e.source, e.id)):
        found[str(event.contact)] = str(event.account)
    return found
