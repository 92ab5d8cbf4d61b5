"""When a unit's deals closed, in seconds since its exposure; acme is exposed at hour 1, for ten."""

from itertools import permutations
from typing import Any

import pytest

from attribution.deal_times import deal_time_of
from attribution.units import MetricSums, unpack
from inference.deal_times import DealState, DealTime
from schemas.events import Event
from schemas.resources import MetricKind
from tests.attribution.company import (
    HOUR_US,
    STARTS_US,
    defined,
    event,
    exposure,
    metric,
    streamed,
)

DEALS = defined(metric(MetricKind.LATEST_DEAL_VALUE, ("deal.*",)))
HOUR = 3_600
MICROSECOND = 1 / HOUR_US


def deal(verb: str, hour: float, name: str = "d1", **fields: Any) -> Event:
    return event(f"deal.{verb}", hour, deal=name, **fields)


def time_of(*events: Event, now: float = 100) -> tuple[int, str]:
    """Seconds and state, the same in every order of arrival, or it is no deal time."""
    found = set()
    for order in permutations((exposure("mail", 1), *events)):
        (packed,) = streamed(DEALS, *order).states.values()
        unit = unpack(packed).entries[1].units[""]
        now_us = STARTS_US + int(now * HOUR_US)
        deal_time = deal_time_of(DEALS.metrics[0], unit.sums[0], unit.first[0], now_us)
        found.add((deal_time.time, deal_time.state.value))
    (only,) = found
    return only


def test_a_unit_without_deals_is_followed_until_now() -> None:
    assert time_of(now=4) == (3 * HOUR, "open")


def test_a_unit_without_deals_is_followed_no_further_than_its_window() -> None:
    assert time_of(now=10.9) == (int(9.9 * HOUR), "open")
    assert time_of(now=11) == time_of(now=12) == (10 * HOUR, "open")


def test_a_unit_whose_exposure_lies_ahead_was_followed_for_no_time() -> None:
    assert time_of(now=0.5) == (0, "open")


def test_a_deal_that_nobody_settled_is_open() -> None:
    assert time_of(deal("created", 2), deal("amount_changed", 3, amount=5), now=7) == (
        6 * HOUR,
        "open",
    )


def test_a_won_deal_closed_when_it_was_won() -> None:
    assert time_of(deal("created", 2), deal("won", 5)) == (4 * HOUR, "won")


def test_of_several_won_deals_the_first_counts() -> None:
    assert time_of(deal("won", 6, "d1"), deal("won", 4, "d2"), deal("won", 9, "d3")) == (
        3 * HOUR,
        "won",
    )


def test_a_win_counts_beside_deals_that_were_lost_or_are_open() -> None:
    assert time_of(deal("lost", 3, "d1"), deal("won", 8, "d2"), deal("created", 2, "d3")) == (
        7 * HOUR,
        "won",
    )


def test_a_lost_deal_closed_when_it_was_lost() -> None:
    assert time_of(deal("created", 0.5), deal("lost", 3)) == (2 * HOUR, "lost")


def test_where_every_deal_is_lost_the_last_loss_counts() -> None:
    assert time_of(deal("lost", 3, "d1"), deal("lost", 7, "d2")) == (6 * HOUR, "lost")


def test_while_another_deal_is_open_nothing_is_lost() -> None:
    assert time_of(deal("lost", 3, "d1"), deal("created", 2, "d2"), now=9) == (8 * HOUR, "open")


def test_a_deal_from_before_the_exposure_that_is_still_open_keeps_the_unit_open() -> None:
    assert time_of(deal("lost", 3, "d1"), deal("created", -50, "d2"), now=9) == (8 * HOUR, "open")


@pytest.mark.parametrize("verb", ["won", "lost"])
def test_a_deal_settled_before_the_exposure_is_no_deal_of_the_unit(verb: str) -> None:
    assert time_of(deal(verb, 1 - MICROSECOND), now=4) == (3 * HOUR, "open")
    assert time_of(deal(verb, -9, "d1"), deal("lost", 3, "d2")) == (2 * HOUR, "lost")


@pytest.mark.parametrize("verb", ["won", "lost"])
def test_a_deal_settled_at_the_moment_of_the_exposure_took_no_time(verb: str) -> None:
    assert time_of(deal(verb, 1)) == (0, verb)


@pytest.mark.parametrize("verb", ["won", "lost"])
def test_a_deal_settled_at_the_end_of_the_window_is_open_within_it(verb: str) -> None:
    assert time_of(deal(verb, 11)) == (10 * HOUR, "open")
    assert time_of(deal(verb, 11 - 1 / HOUR)) == (10 * HOUR - 1, verb)


def test_seconds_are_whole_and_rounded_down() -> None:
    assert time_of(deal("won", 1 + 1.999 / HOUR)) == (1, "won")


def test_a_deal_that_was_reopened_is_open_again() -> None:
    assert time_of(deal("lost", 2), deal("reopened", 3), now=6) == (5 * HOUR, "open")
    assert time_of(deal("won", 2), deal("reopened", 3), now=6) == (5 * HOUR, "open")


def test_a_deal_that_was_reopened_before_the_exposure_is_open() -> None:
    assert time_of(deal("lost", -3), deal("reopened", 0), deal("lost", 4, "d2"), now=6) == (
        5 * HOUR,
        "open",
    )


def test_the_last_verdict_on_a_deal_decides() -> None:
    assert time_of(deal("lost", 2), deal("reopened", 3), deal("won", 6)) == (5 * HOUR, "won")
    assert time_of(deal("won", 2), deal("lost", 6)) == (5 * HOUR, "lost")


def test_a_metric_of_another_kind_follows_no_deals() -> None:
    rule = defined(metric(MetricKind.COUNT)).metrics[0]

    with pytest.raises(ValueError, match="rule: 'count' follows no deals, it is a count"):
        deal_time_of(rule, MetricSums(), 0, 0)


def test_a_deal_time_is_what_survival_is_read_from() -> None:
    rule = DEALS.metrics[0]

    assert deal_time_of(rule, MetricSums(), STARTS_US, STARTS_US + 5_000_000) == DealTime(
        5, DealState.OPEN
    )
