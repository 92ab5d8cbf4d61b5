"""Generates small histories in which everything happens close to some border.

Times lie on half hours around the start of the period, give or take a microsecond; windows, periods
and covariates end on the same half hours, and midnight UTC is among them.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
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
EXPERIMENTS = ("alpha", "beta", "gamma")
RATES = (
    ("USD", date(2025, 1, 1), Decimal("0.5")),
    ("USD", date(2025, 3, 2), Decimal("0.75")),
    ("JPY", date(2025, 3, 2), Decimal("0.0625")),
    ("KWD", date(2025, 1, 1), Decimal("3.125")),
)

DECIMALS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3, "CHF": 2}


Part = dict[str, Any]


def _around(first: int, last: int) -> st.SearchStrategy[int]:
    """Times on and next to the half hours from `first` to `last` after the start of the period."""
    offs = (0, 0, 0, 0, -1, 1)
    half_hours = range(first, last + 1)
    return st.sampled_from([STARTS_US + n * HALF_HOUR_US + off for n in half_hours for off in offs])


def _exposure(experiment: str, variant: Any, time_us: int) -> Part:
    data = {"experiment": experiment, "variant": variant}
    return {"type": "experiment.exposure", "data": data, "time_us": time_us}


def _touch(kind: str, campaign: str, content: str, data: Part, time_us: int) -> Part:
    place = {"campaign": campaign or None, "content": content or None}
    return {"type": f"engagement.{kind}", "data": data, "time_us": time_us, **place}


def _deal(verb: str, deal: str, money: tuple[int, str] | None, campaign: str, at: int) -> Part:
    amount, currency = money or (None, None)
    stage = {"deal": deal, "amount": amount, "currency": currency, "campaign": campaign or None}
    return {"type": f"deal.{verb}", "time_us": at, **stage}


def _event(number: int, place: tuple[str, str], source: str, part: Part) -> Event:
    account, contact = place
    return Event(
        source=source, id=str(number), account=account or None, contact=contact or None, **part
    )


# Strategies are made once and draw little: making and drawing them is what a history costs.
_any_time = _around(-6, 12)
_arms = st.sampled_from(("a", "a", True, 1, "b", "x"))
_numbers = st.sampled_from(
    [
        *(*range(-3, 9), 0.5, 1.5, 2.5, -0.25, 0.1, "3", "0.05", "1e1"),
        *("x", "NaN", "inf", 1e300, True, None, [1]),
    ]
)
_data = st.one_of(
    st.builds(lambda n, arm: {"n": n, "deep": {"arm": arm}}, _numbers, _arms),
    st.builds(lambda n: {"n": n}, _numbers),
    st.just({}),
)
_money = st.one_of(
    st.none(),
    st.tuples(
        st.sampled_from((*range(-5, 60), 10**13, 10**13 + 1, 2**62)),
        st.sampled_from(("EUR", "USD", "JPY", "KWD", "CHF")),
    ),
)
_exposures = st.builds(
    _exposure,
    st.sampled_from(("alpha", "alpha", "alpha", "beta", "beta", "gamma", "other")),
    st.sampled_from((*"aaaaaaaaaa", "b", "b", "c", "z", None, 1)),
    _around(-1, 5),
)
_touches = st.builds(
    _touch,
    st.sampled_from(("email.sent", "email.opened", "page.viewed")),
    st.sampled_from(("", "spring", "fall")),
    st.sampled_from(("", "a", "a", "a", "b", "x")),
    _data,
    _any_time,
)
_deals = st.builds(
    _deal,
    st.sampled_from(("created", "amount_changed", "won", "won", "won", "lost", "reopened")),
    st.sampled_from(("d1", "d2")),
    _money,
    st.sampled_from(("", "spring")),
    _around(-3, 5),
)
# Mostly of one account, so that much comes together there.
_places = st.sampled_from(
    [
        (account, contact)
        for account in ("acme", "acme", "acme", "acme", "bolt", "")
        for contact in ("ada", "ben", "ada", "ben", "cleo", "")
        if account or contact
    ]
)
_happenings = st.tuples(
    _places, st.sampled_from(("a", "b")), st.one_of(_exposures, _touches, _deals)
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events that each have their own (source, id); many share a time."""
    count = draw(st.sampled_from((1, 8, 16, 24, 32, 40)))
    happenings = draw(st.lists(_happenings, min_size=count, max_size=count))
    return [_event(number, *happening) for number, happening in enumerate(happenings)]


@st.composite
def deliveries(draw: st.DrawFn, events: Sequence[Event]) -> list[list[Event]]:
    """Batches in which every event comes at least once, in any order, some again."""
    again = draw(st.lists(st.sampled_from(events), max_size=6))
    arrivals = draw(st.permutations([*events, *again]))
    cuts = sorted(draw(st.lists(st.integers(0, len(arrivals)), max_size=12)))
    return [arrivals[start:end] for start, end in pairwise([0, *cuts, len(arrivals)])]


_conditions = st.sampled_from(
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
# Most filters ask for no more than a type: else little is counted that could be miscounted.
_wheres = st.sampled_from((0, 0, 0, 1, 2)).flatmap(
    lambda count: st.lists(_conditions, min_size=count, max_size=count).map(tuple)
)
_touch_filters = st.builds(
    EventFilter,
    types=st.sampled_from(
        (("engagement.*",), ("engagement.email.*",), ("engagement.page.viewed", "deal.won"))
    ),
    where=_wheres,
)
_deal_filters = st.builds(
    EventFilter,
    types=st.sampled_from((("deal.*",), ("deal.*",), ("deal.won", "deal.amount_changed"))),
    where=st.sampled_from(((), (), (Condition(field="campaign", value="spring"),))),
)
_windows = st.sampled_from((2, 5, 12)).map(lambda count: count * HALF_HOUR)
_number_measures = st.one_of(
    st.builds(Measure, filter=_deal_filters, value=st.just("amount")),
    st.builds(
        Measure, filter=_touch_filters, value=st.just("data.n"), scale=st.sampled_from((0, 1, 2))
    ),
)
_count_measures = st.builds(Measure, filter=st.one_of(_touch_filters, _deal_filters))


@st.composite
def metrics(draw: st.DrawFn, key: str) -> Metric:
    kind = draw(st.sampled_from(MetricKind))
    denominator = None
    match kind:
        case MetricKind.CONVERSION | MetricKind.COUNT:
            measure = draw(_count_measures)
        case MetricKind.SUM:
            measure = draw(_number_measures)
        case MetricKind.RATIO:
            measure = draw(st.one_of(_number_measures, _count_measures))
            denominator = draw(st.one_of(_number_measures, _count_measures))
        case MetricKind.LATEST_DEAL_VALUE:
            measure = Measure(filter=draw(_deal_filters))
    return Metric(
        key=key,
        name=key,
        meaning="generated",
        owner=Side.SALES,
        kind=kind,
        measure=measure,
        denominator=denominator,
        window=draw(_windows),
        version=1,
        created_at=STARTS_AT,
    )


def caps(metric: Metric, money: Money) -> st.SearchStrategy[Decimal | None]:
    """No cap, or one of a few steps of the metric, close to what units reach."""
    if metric.kind in {MetricKind.CONVERSION, MetricKind.RATIO}:
        return st.none()
    is_money = metric.kind is MetricKind.LATEST_DEAL_VALUE or metric.measure.value == "amount"
    decimals = money.decimals[money.reporting] if is_money else metric.measure.scale
    steps = st.sampled_from((None, 1, 2, 20, 300))
    return steps.map(lambda count: None if count is None else Decimal(count).scaleb(-decimals))


_matching = st.builds(
    lambda named, where: MatchingExposure(
        filter=EventFilter(types=named[0], where=where), variant_from=named[1], variants=named[2]
    ),
    st.sampled_from(
        (
            (("engagement.email.sent",), "content", {}),
            (("engagement.*",), "content", {"a": "a", "x": "a", "b": "b"}),
            (("engagement.*", "deal.*"), "data.deep.arm", {"true": "a", "1": "a", "a": "a"}),
            (("experiment.exposure",), "data.variant", {}),
        )
    ),
    _wheres,
)
_exposure_rules = st.one_of(st.just(AssignmentExposure()), _matching)


@st.composite
def questions(draw: st.DrawFn, number: int) -> Question:
    """One experiment with up to three metrics, under definition `number`."""
    keys = [f"m{position}" for position in range(draw(st.integers(1, 3)))]
    found = {key: draw(metrics(key)) for key in keys}
    money = money_in(draw(st.sampled_from(("EUR", "EUR", "JPY", "KWD"))))
    covariates = st.sampled_from((None, HALF_HOUR, 3 * HALF_HOUR))
    ends = st.sampled_from((None, STARTS_AT + 4 * HALF_HOUR))
    experiment = ExperimentDraft(
        key=EXPERIMENTS[number],
        name="generated",
        hypothesis="generated",
        owner=Side.MARKETING,
        unit=draw(st.sampled_from(("account", "contact"))),
        variants=(Variant(key="a", control=True), Variant(key="b"), Variant(key="c")),
        exposure=draw(_exposure_rules),
        metrics=tuple(
            MetricUse(metric=key, covariate=draw(covariates), cap=draw(caps(found[key], money)))
            for key in keys
        ),
        starts_at=STARTS_AT,
        ends_at=draw(ends),
        planned_units=100,
    )
    return Question(number, experiment, found, money)


def money_in(reporting: str) -> Money:
    """What amounts are worth, in another reporting currency than the rates were meant for."""
    return Money(reporting, RATES, DECIMALS)


def compiled(question: Question) -> Definition:
    """Return the definition under test for a question of the recomputation."""
    money = question.money
    rates = Rates(money.reporting, [Rate(*rate) for rate in money.rates], money.decimals)
    return compile_definition(question.number, question.experiment, question.metrics, rates)
