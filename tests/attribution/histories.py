"""Generates small histories in which everything happens close to some border.

Times lie on half hours around the start of the period, give or take a microsecond; windows, periods
and covariates end on the same half hours, and midnight UTC is among them.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from attribution.definitions import Definition, compile_definition
from attribution.money import Rate, Rates
from schemas.events import Event
from schemas.resources import (
    AssignmentExposure,
    Condition,
    EventFilter,
    ExperimentDraft,
    ExposureRule,
    MatchingExposure,
    Measure,
    Metric,
    MetricKind,
    MetricUse,
    Side,
    Variant,
)
from tests.attribution.oracle import Money, Question

STARTS_AT = datetime(2025, 3, 1, 22, tzinfo=UTC)
STARTS_US = int(STARTS_AT.timestamp()) * 1_000_000
HALF_HOUR = timedelta(minutes=30)
HALF_HOUR_US = 1_800_000_000
ACCOUNTS = ("acme", "bolt")
CONTACTS = ("ada", "ben", "cleo")
EXPERIMENTS = ("alpha", "beta", "gamma", "delta")
RATES = (
    ("USD", date(2025, 1, 1), Decimal("0.5")),
    ("USD", date(2025, 3, 2), Decimal("0.75")),
    ("JPY", date(2025, 3, 2), Decimal("0.0625")),
    ("KWD", date(2025, 1, 1), Decimal("3.125")),
)

DECIMALS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3, "CHF": 2}

times = st.builds(
    lambda half_hours, off: STARTS_US + half_hours * HALF_HOUR_US + off,
    st.integers(-6, 12),
    st.sampled_from((0, 0, 0, -1, 1)),
)
names = st.sampled_from(("a", "b"))
numbers = st.one_of(
    st.integers(-3, 9),
    st.sampled_from(
        (0.5, 1.5, 2.5, -0.25, 0.1, "3", "0.05", "1e1", "x", "NaN", "inf", 1e300, True, None, [1])
    ),
)
amounts = st.one_of(st.none(), st.integers(-5, 500), st.sampled_from((10**13, 10**13 + 1, 2**62)))
currencies = st.sampled_from(("EUR", "USD", "JPY", "KWD", "CHF"))


@st.composite
def places(draw: st.DrawFn) -> tuple[str | None, str | None]:
    """An account, a contact, or both."""
    contact = draw(st.sampled_from((None, *CONTACTS)))
    account = draw(st.sampled_from((*ACCOUNTS, None) if contact else ACCOUNTS))
    return account, contact


@st.composite
def exposures(draw: st.DrawFn) -> dict[str, Any]:
    data: dict[str, Any] = {"experiment": draw(st.sampled_from((*EXPERIMENTS, "other")))}
    variant = draw(st.sampled_from(("a", "b", "a", "b", "c", "z", None, 1)))
    return {"type": "experiment.exposure", "data": data | {"variant": variant}}


@st.composite
def touches(draw: st.DrawFn) -> dict[str, Any]:
    """Engagement, which matching rules read a variant from and metrics count."""
    kind = draw(st.sampled_from(("email.sent", "email.opened", "page.viewed")))
    data = {"n": draw(numbers), "deep": {"arm": draw(st.sampled_from(("a", "b", "x", True, 1)))}}
    return {
        "type": f"engagement.{kind}",
        "campaign": draw(st.sampled_from((None, "spring", "fall"))),
        "content": draw(st.sampled_from((None, "a", "b", "x"))),
        "data": draw(st.sampled_from((data, {"n": data["n"]}, {}))),
    }


@st.composite
def deals(draw: st.DrawFn) -> dict[str, Any]:
    verb = draw(
        st.sampled_from(("created", "amount_changed", "won", "won", "won", "lost", "reopened"))
    )
    amount = draw(amounts)
    return {
        "type": f"deal.{verb}",
        "deal": draw(st.sampled_from(("d1", "d2"))),
        "amount": amount,
        "currency": None if amount is None else draw(currencies),
        "campaign": draw(st.sampled_from((None, "spring"))),
    }


@st.composite
def histories(draw: st.DrawFn, most: int = 24) -> list[Event]:
    """Events that each have their own (source, id); many share a time."""
    parts = draw(st.lists(st.one_of(exposures(), touches(), deals()), min_size=1, max_size=most))
    events = []
    for number, part in enumerate(parts):
        account, contact = draw(places())
        place: dict[str, Any] = {"account": account, "contact": contact}
        stamp: dict[str, Any] = {"source": draw(names), "id": str(number), "time_us": draw(times)}
        events.append(Event(**stamp, **place, **part))
    return events


@st.composite
def deliveries(draw: st.DrawFn, events: Sequence[Event]) -> list[list[Event]]:
    """Batches in which every event comes at least once, in any order, some again."""
    again = draw(st.lists(st.sampled_from(events), max_size=6))
    arrivals = draw(st.permutations([*events, *again]))
    batches: list[list[Event]] = []
    while arrivals:
        size = draw(st.integers(1, 8))
        batches.append(list(arrivals[:size]))
        arrivals = arrivals[size:]
    return batches


conditions = st.sampled_from(
    (
        Condition(field="campaign", value="spring"),
        Condition(field="campaign", op="ne", value="fall"),
        Condition(field="data.n", op="gte", value=1),
        Condition(field="data.n", op="lte", value=2),
        Condition(field="data.n", op="in", value=(1, "3", True)),
        Condition(field="data.deep.arm", op="exists", value=True),
        Condition(field="contact", op="exists", value=False),
    )
)
wheres = st.lists(conditions, max_size=2).map(tuple)
touch_filters = st.builds(
    EventFilter,
    types=st.sampled_from(
        (("engagement.*",), ("engagement.email.*",), ("engagement.page.viewed", "deal.won"))
    ),
    where=wheres,
)
deal_filters = st.builds(
    EventFilter,
    types=st.sampled_from((("deal.*",), ("deal.*",), ("deal.won", "deal.amount_changed"))),
    where=st.sampled_from(((), (), (Condition(field="campaign", value="spring"),))),
)
windows = st.sampled_from((1, 2, 5)).map(lambda count: count * HALF_HOUR)
number_measures = st.one_of(
    st.builds(Measure, filter=deal_filters, value=st.just("amount")),
    st.builds(
        Measure, filter=touch_filters, value=st.just("data.n"), scale=st.sampled_from((0, 1, 2))
    ),
)
count_measures = st.builds(Measure, filter=st.one_of(touch_filters, deal_filters))


@st.composite
def metrics(draw: st.DrawFn, key: str) -> Metric:
    kind = draw(st.sampled_from(MetricKind))
    denominator = None
    match kind:
        case MetricKind.CONVERSION | MetricKind.COUNT:
            measure = draw(count_measures)
        case MetricKind.SUM:
            measure = draw(number_measures)
        case MetricKind.RATIO:
            measure = draw(st.one_of(number_measures, count_measures))
            denominator = draw(st.one_of(number_measures, count_measures))
        case MetricKind.LATEST_DEAL_VALUE:
            measure = Measure(filter=draw(deal_filters))
    return Metric(
        key=key,
        name=key,
        meaning="generated",
        owner=Side.SALES,
        kind=kind,
        measure=measure,
        denominator=denominator,
        window=draw(windows),
        version=1,
        created_at=STARTS_AT,
    )


@st.composite
def exposure_rules(draw: st.DrawFn) -> ExposureRule:
    if draw(st.booleans()):
        return AssignmentExposure()
    return MatchingExposure(
        filter=draw(
            st.builds(
                EventFilter,
                types=st.sampled_from(
                    (("engagement.email.sent",), ("engagement.*",), ("experiment.exposure",))
                ),
                where=wheres,
            )
        ),
        variant_from=draw(st.sampled_from(("content", "data.deep.arm", "data.variant"))),
        variants=draw(st.sampled_from(({}, {"x": "a", "b": "b"}, {"true": "a", "1": "b"}))),
    )


@st.composite
def questions(draw: st.DrawFn, number: int) -> Question:
    """One experiment with up to three metrics, under definition `number`."""
    keys = [f"m{position}" for position in range(draw(st.integers(1, 3)))]
    found = {key: draw(metrics(key)) for key in keys}
    covariates = st.sampled_from((None, HALF_HOUR, 3 * HALF_HOUR))
    ends = st.sampled_from((None, STARTS_AT + 4 * HALF_HOUR))
    experiment = ExperimentDraft(
        key=EXPERIMENTS[number],
        name="generated",
        hypothesis="generated",
        owner=Side.MARKETING,
        unit=draw(st.sampled_from(("account", "contact"))),
        variants=(Variant(key="a", control=True), Variant(key="b"), Variant(key="c")),
        exposure=draw(exposure_rules()),
        metrics=tuple(MetricUse(metric=key, covariate=draw(covariates)) for key in keys),
        starts_at=STARTS_AT,
        ends_at=draw(ends),
        planned_units=100,
    )
    reporting = draw(st.sampled_from(("EUR", "EUR", "JPY", "KWD")))
    return Question(number, experiment, found, money_in(reporting))


def money_in(reporting: str) -> Money:
    """What amounts are worth, in another reporting currency than the rates were meant for."""
    return Money(reporting, RATES, DECIMALS)


def compiled(question: Question) -> Definition:
    """Return the definition under test for a question of the recomputation."""
    money = question.money
    rates = Rates(money.reporting, [Rate(*rate) for rate in money.rates], money.decimals)
    return compile_definition(question.number, question.experiment, question.metrics, rates)
