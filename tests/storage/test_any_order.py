"""Through PostgreSQL too: any arrival, crash, link and late registration gives a recomputation."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from attribution.money import DAY_US
from attribution.units import Stray
from schemas.events import Event
from schemas.resources import (
    EventFilter,
    ExperimentDraft,
    Measure,
    Metric,
    MetricDraft,
    MetricKind,
    MetricUse,
    Side,
    Variant,
)
from storage.builds import build_step
from storage.pool import Connection
from storage.readings import ExperimentTotals
from storage.registry import add_experiment, add_metric, start_experiment
from storage.unit_outcomes import unit_outcomes
from tests.attribution.histories import deliveries
from tests.attribution.oracle import Money, Question, Totals, recompute
from tests.storage.stream import NOW, Log, build_all, totals

REASONS = {
    Stray.OUTSIDE_PERIOD: "outside period",
    Stray.UNKNOWN_VARIANT: "unknown variant",
    Stray.NO_UNIT: "no unit",
}
TABLES = (
    "events, event_names, contacts, contact_links, account_states, partition_offsets, moments, "
    "cohorts, stray_exposures, definitions, experiments, metrics, currency_rates"
)

MINUTE_US = 60_000_000
FIRST_US = 1_767_225_600_000_000  # 2026-01-01 00:00 UTC, so that cohorts fall on two days
VARIANTS = ("a", "b")

any_arrival = settings(
    # Each example is a hundred statements; the thorough profile searches longer.
    max_examples=max(20, settings().max_examples // 2),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def metric(key: str, kind: MetricKind, *types: str) -> Metric:
    return Metric(
        key=key,
        name=key,
        meaning="generated",
        owner=Side.SALES,
        kind=kind,
        measure=Measure(filter=EventFilter(types=types)),
        window=timedelta(hours=1),
        version=1,
        created_at=NOW,
    )


METRICS = {
    found.key: found
    for found in (
        metric("leads", MetricKind.COUNT, "lead.*"),
        metric("any-lead", MetricKind.CONVERSION, "lead.accepted"),
        metric("deals", MetricKind.LATEST_DEAL_VALUE, "deal.*"),
    )
}
CAPS = {"leads": Decimal(2), "deals": Decimal("0.06")}


def question(key: str, unit: Literal["account", "contact"]) -> Question:
    experiment = ExperimentDraft(
        key=key,
        name=key,
        hypothesis="generated",
        owner=Side.MARKETING,
        unit=unit,
        variants=tuple(Variant(key=v, control=v == "a") for v in VARIANTS),
        metrics=tuple(
            MetricUse(metric=key, covariate=timedelta(minutes=30), cap=CAPS.get(key))
            for key in METRICS
        ),
        starts_at=datetime(2025, 12, 31, 23, 30, tzinfo=UTC),
        planned_units=100,
    )
    return Question(0, experiment, METRICS, Money("EUR", (), {"EUR": 2}))


QUESTIONS = (question("by-account", "account"), question("by-contact", "contact"))

times = st.integers(-45, 90).map(lambda minutes: FIRST_US + minutes * MINUTE_US)
contacts = st.sampled_from(("ada", "ben"))
accounts = st.sampled_from(("acme", "bolt"))
whos = st.one_of(
    st.fixed_dictionaries({"account": accounts}),
    st.fixed_dictionaries({"contact": contacts}),
    st.fixed_dictionaries({"contact": contacts}),
    st.fixed_dictionaries({"account": accounts, "contact": contacts}),
)
kinds = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("experiment.exposure"),
            "data": st.fixed_dictionaries(
                {
                    "experiment": st.sampled_from(("by-account", "by-contact")),
                    "variant": st.sampled_from(("a", "a", "a", "b", "z")),
                }
            ),
        }
    ),
    st.fixed_dictionaries({"type": st.sampled_from(("lead.accepted", "lead.created"))}),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(("deal.won", "deal.won", "deal.lost", "deal.amount_changed")),
            "deal": st.sampled_from(("d1", "d2")),
            "amount": st.integers(1, 9),
        }
    ),
)
links = st.fixed_dictionaries(
    {"type": st.just("identity.linked"), "account": accounts, "contact": contacts}
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Up to 24 events of two accounts and two contacts, about half of them lone, some links."""
    parts = draw(st.lists(st.tuples(kinds, whos), min_size=4, max_size=20))
    found = [{**who, **kind} for kind, who in parts] + draw(st.lists(links, max_size=4))
    return [
        Event(source="crm", id=str(number), time_us=draw(times), **fields)
        for number, fields in enumerate(found)
    ]


@any_arrival
@given(st.data())
def test_any_arrival_leaves_a_recomputation_in_the_database(
    database: str, data: st.DataObject
) -> None:
    history = data.draw(histories())
    batches = data.draw(deliveries(history))
    registered_before = [data.draw(st.integers(0, len(batches))) for _ in QUESTIONS]
    crashes = data.draw(st.sets(st.integers(0, len(batches)), max_size=2))

    found, numbered = asyncio.run(
        _through_the_database(database, QUESTIONS, registered_before, batches, crashes)
    )

    assert found == recompute(numbered, _by_home(history))


@any_arrival
@given(st.data())
def test_after_any_arrival_the_outcomes_of_single_units_add_up_to_the_moments(
    database: str, data: st.DataObject
) -> None:
    batches = data.draw(deliveries(data.draw(histories())))
    registered_before = [data.draw(st.integers(0, len(batches))) for _ in QUESTIONS]

    async def body() -> None:
        async with await AsyncConnection.connect(make_conninfo(database), autocommit=True) as db:
            await _delivered(db, QUESTIONS, registered_before, batches, set())
            for question in QUESTIONS:
                read = await totals(db, question.experiment.key)
                assert await _sums_of_units(db, read) == _moments_by_metric(read)

    asyncio.run(body())


async def _through_the_database(
    database: str,
    asked: Sequence[Question],
    registered_before: Sequence[int],
    batches: Sequence[Sequence[Event]],
    crashes: set[int],
) -> tuple[Totals, list[Question]]:
    async with await AsyncConnection.connect(make_conninfo(database), autocommit=True) as db:
        numbered = await _delivered(db, asked, registered_before, batches, crashes)
        return await _totals(db, numbered), numbered


async def _delivered(
    db: Connection,
    asked: Sequence[Question],
    registered_before: Sequence[int],
    batches: Sequence[Sequence[Event]],
    crashes: set[int],
) -> list[Question]:
    """Deliver all batches to an emptied database; return the questions as they were numbered."""
    log = Log(partitions=2)
    # Past the triggers that keep what was shown from being changed: it refers to experiments.
    await db.execute("SET session_replication_role = replica")
    await db.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE")
    await db.execute("RESET session_replication_role")
    numbered = []
    for number, batch in enumerate([*batches, []]):
        for question, before in zip(asked, registered_before, strict=True):
            if before == number:
                numbered.append(await _register(db, question))
                await _build_a_step(db)
        if number in crashes:
            await _crash_in(db, log, batch)
        await log.deliver(db, batch)
        if number % 2:
            await _build_a_step(db)
    await build_all(db, limit=1)
    return numbered


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


async def _build_a_step(db: Connection) -> None:
    async with db.transaction():
        await build_step(db, limit=1)


async def _register(db: Connection, question: Question) -> Question:
    uses = []
    async with db.transaction():
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
            every = (*sums, m.sum_yd, change.incomplete, *change.uncapped)
            if any(every):
                found.moments[tuple(cell)] = every
        for cohort, counts in read.cohorts.items():
            if any((counts.units, counts.mixed, counts.exposures)):
                found.cohorts[tuple(cohort)] = (counts.units, counts.mixed, counts.exposures)
        for stray, count in read.strays.items():
            found.strays[question.number, REASONS[stray]] = count
    return found


async def _sums_of_units(db: Connection, read: ExperimentTotals) -> Counter[tuple[int, ...]]:
    """What single units say: how many there are of each (metric, variant, day), and their sums."""
    found = await unit_outcomes(db, read.definition_id, read.body, most=100)
    assert found is not None
    assert [unit.exposed_us for unit in found] == sorted(unit.exposed_us for unit in found)
    sums: Counter[tuple[int, ...]] = Counter()
    for unit in found:
        for metric, outcome in enumerate(unit.outcomes):
            place = (metric, unit.variant, unit.exposed_us // DAY_US)
            y, d, x, incomplete = outcome
            terms = (1, y, y * y, x, x * x, x * y, d, d * d, y * d, int(incomplete))
            sums.update({(*place, n): term for n, term in enumerate(terms)})
    return Counter({place: total for place, total in sums.items() if total})


def _moments_by_metric(read: ExperimentTotals) -> Counter[tuple[int, ...]]:
    """The same, as the totals have it."""
    return Counter(
        {
            (*cell[1:], n): total
            for cell, change in read.cells.items()
            for n, total in enumerate((*astuple(change.moments), change.incomplete))
            if total
        }
    )


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
