"""What of a unit's events becomes its outcome, and where its windows begin and end."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from attribution.definitions import Definition
from attribution.increments import CellIncrement
from inference.moments import Moments
from schemas.events import Event
from schemas.resources import Condition, EventFilter, Measure, Metric, MetricKind
from tests.attribution.company import STARTS_AT, defined, event, exposure, metric, outcome

COUNT = metric(MetricKind.COUNT)
TEN_TRILLION = 10**13


def accepted(hour: float = 1, *, off_us: int = 0, **fields: Any) -> Event:
    return event("lead.accepted", hour, off_us=off_us, **fields)


def viewed(hour: float = 1, *, off_us: int = 0, **data: Any) -> Event:
    return event("engagement.page.viewed", hour, off_us=off_us, data=data)


def sum_of(path: str, scale: int = 0, **fields: Any) -> Metric:
    return metric(MetricKind.SUM, ("engagement.page.viewed",), value=path, scale=scale, **fields)


def y(definition: Definition, *events: Event) -> int:
    """The outcome of acme, exposed at hour 1 of the experiment."""
    return outcome(definition, exposure("mail", 1), *events).moments.sum_y


def x(definition: Definition, *events: Event) -> int:
    return outcome(definition, exposure("mail", 1), *events).moments.sum_x


# The window: ten hours from the exposure at hour 1


@pytest.mark.parametrize(
    ("hour", "off_us", "counts"),
    [(1, -1, 0), (1, 0, 1), (1, 1, 1), (11, -1, 1), (11, 0, 0), (11, 1, 0)],
)
def test_the_window_holds_the_exposure_and_not_its_own_end(
    hour: float, off_us: int, counts: int
) -> None:
    assert y(defined(), accepted(hour, off_us=off_us)) == counts


def test_at_the_time_of_the_exposure_an_event_counts_whatever_its_source_and_id() -> None:
    exposed = exposure("mail", 1, source="m", id="5")
    around = [accepted(1, source=source, id="1") for source in ("a", "z")]

    assert outcome(defined(), exposed, *around).moments.sum_y == 2


def test_each_metric_has_its_own_window() -> None:
    short = metric(MetricKind.COUNT, key="short", window=timedelta(hours=1))
    long = metric(MetricKind.COUNT, key="long", window=timedelta(days=730))
    events = [accepted(hour) for hour in (1.5, 3, 24 * 700)]

    assert y(defined(short, long), *events) == 1
    assert y(defined(long, short), *events) == 3


def test_an_experiment_that_ends_leaves_windows_open() -> None:
    ended = defined(ends_at=STARTS_AT + timedelta(hours=2))

    assert y(ended, accepted(5)) == 1


# Kinds


def test_a_conversion_is_one_however_often_it_happens() -> None:
    conversion = defined(metric(MetricKind.CONVERSION))

    assert outcome(conversion, exposure("mail")).moments == Moments.of_outcome(0)
    assert outcome(conversion, exposure("mail"), accepted()).moments == Moments.of_outcome(1)
    assert y(conversion, accepted(2), accepted(3), accepted(4)) == 1


def test_a_count_is_the_number_of_matching_events() -> None:
    events = [accepted(2), accepted(3), event("lead.rejected", 3)]

    assert outcome(defined(), exposure("mail"), *events).moments == Moments.of_outcome(2)


def test_conditions_decide_what_is_counted() -> None:
    spring = metric(MetricKind.COUNT, where=(Condition(field="campaign", value="spring"),))

    assert y(defined(spring), accepted(campaign="spring"), accepted(campaign="fall")) == 1


def test_a_sum_adds_exact_decimals() -> None:
    events = [viewed(seconds=0.1) for _ in range(10)]

    assert y(defined(sum_of("data.seconds", scale=2)), *events) == 100


def test_a_sum_of_negative_numbers_is_negative() -> None:
    cell = outcome(defined(sum_of("data.n")), exposure("mail"), viewed(n=-3), viewed(n=1))

    assert cell == CellIncrement(Moments(n=1, sum_y=-2, sum_yy=4), 0)


@pytest.mark.parametrize("value", ["many", None, True, "NaN", 1e300, TEN_TRILLION + 1])
def test_a_number_that_cannot_be_read_leaves_the_outcome_incomplete(value: Any) -> None:
    cell = outcome(defined(sum_of("data.n")), exposure("mail"), viewed(n=5), viewed(n=value))

    assert cell == CellIncrement(Moments.of_outcome(5), incomplete=1)


def test_an_absent_number_leaves_the_outcome_incomplete() -> None:
    assert outcome(defined(sum_of("data.n")), exposure("mail"), viewed()).incomplete == 1


def test_a_unit_is_incomplete_once_however_much_of_it_is_unknown() -> None:
    cell = outcome(defined(sum_of("data.n")), exposure("mail"), viewed(), viewed(), viewed())

    assert cell.incomplete == 1


def test_what_cannot_be_read_outside_the_window_does_not_matter() -> None:
    definition = defined(sum_of("data.n"), covariate_hours=5)

    assert outcome(definition, exposure("mail"), viewed(0), viewed(11)).incomplete == 0


def test_a_ratio_has_its_numerator_and_its_denominator() -> None:
    opened = Measure(filter=EventFilter(types=("engagement.email.opened",)))
    sent = Measure(filter=EventFilter(types=("engagement.email.*",)))
    ratio = defined(metric(MetricKind.RATIO, measure=opened, denominator=sent), covariate_hours=1)
    events = [
        event("engagement.email.opened", 0.5),
        event("engagement.email.sent", 0.5),
        event("engagement.email.sent", 2),
        event("engagement.email.opened", 3),
        event("engagement.email.sent", 4),
        event("engagement.email.sent", 11),
    ]

    cell = outcome(ratio, exposure("mail"), *events)

    assert cell == CellIncrement(Moments.of_outcome(y=1, x=1, d=3), 0)


def test_an_unreadable_denominator_leaves_the_ratio_incomplete() -> None:
    numerator = Measure(filter=EventFilter(types=("lead.accepted",)))
    seconds = Measure(filter=EventFilter(types=("engagement.page.viewed",)), value="data.n")
    ratio = defined(metric(MetricKind.RATIO, measure=numerator, denominator=seconds))

    cell = outcome(ratio, exposure("mail"), accepted(2), viewed(2, n="?"))

    assert cell == CellIncrement(Moments.of_outcome(y=1), incomplete=1)


# The covariate: five hours before the exposure at hour 1


@pytest.mark.parametrize(
    ("hour", "off_us", "counts"),
    [(-4, -1, 0), (-4, 0, 1), (-4, 1, 1), (1, -1, 1), (1, 0, 0)],
)
def test_the_covariate_holds_its_start_and_not_the_exposure(
    hour: float, off_us: int, counts: int
) -> None:
    assert x(defined(covariate_hours=5), accepted(hour, off_us=off_us)) == counts


def test_without_a_covariate_nothing_before_the_exposure_is_added() -> None:
    assert x(defined(), accepted(0), accepted(1, off_us=-1)) == 0


def test_outcome_and_covariate_are_the_same_metric() -> None:
    conversion = defined(metric(MetricKind.CONVERSION), covariate_hours=5)
    total = defined(sum_of("data.n"), covariate_hours=5)

    assert outcome(
        conversion, exposure("mail"), accepted(0), accepted(0), accepted(2)
    ).moments == Moments.of_outcome(y=1, x=1)
    assert outcome(
        total, exposure("mail"), viewed(0, n=3), viewed(0.5, n=4), viewed(2, n=10)
    ).moments == Moments.of_outcome(y=10, x=7)


def test_every_arrival_order_leaves_the_same_outcome() -> None:
    definition = defined(covariate_hours=5)
    events = (exposure("mail", 1), exposure("mail", 3), accepted(2), accepted(0), accepted(12))

    found = {repr(outcome(definition, *order)) for order in permutations(events)}

    assert found == {repr(CellIncrement(Moments.of_outcome(y=1, x=1), 0))}
