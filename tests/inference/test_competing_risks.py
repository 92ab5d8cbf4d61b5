"""Shares won where deals are also lost, against statsmodels, the binomial, and the naive curve."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight

from inference.arguments import ArgumentError
from inference.comparison import NotComparable, Reason
from inference.competing_risks import compare_won, won_shares
from inference.deal_times import DealState, DealTime
from inference.survival import open_shares
from tests.inference.samples import found

CODES = {DealState.OPEN: 0, DealState.WON: 1, DealState.LOST: 2}
deal_lists = st.lists(
    st.builds(DealTime, st.integers(0, 15), st.sampled_from(DealState)), min_size=2, max_size=25
)


def deals_of(text: str) -> list[DealTime]:
    """`5w 7l 9o`: won at 5, lost at 7, open at 9."""
    states = {"w": DealState.WON, "l": DealState.LOST, "o": DealState.OPEN}
    return [DealTime(int(word[:-1]), states[word[-1]]) for word in text.split()]


@settings(deadline=None, max_examples=30)
@given(deal_lists)
def test_shares_and_errors_are_those_of_statsmodels(deals):
    shares = won_shares(deals)
    assume(any(d.state is DealState.WON for d in deals))
    assume(any(d.state is DealState.LOST for d in deals))
    with np.errstate(all="ignore"):
        reference = CumIncidenceRight(
            np.array([deal.time for deal in deals]), np.array([CODES[d.state] for d in deals])
        )
    rows = {time: place for place, time in enumerate(reference.times)}

    for share in shares:
        place = rows[share.time]
        assert share.won == pytest.approx(reference.cinc[0][place])
        assert share.lost == pytest.approx(reference.cinc[1][place])
        expected = reference.cinc_se[0][place]
        if math.isfinite(expected):  # statsmodels divides by zero once all deals have closed
            assert share.standard_error == pytest.approx(expected, abs=1e-7)


@settings(deadline=None, max_examples=30)
@given(deal_lists)
def test_won_lost_and_open_add_up_to_one(deals):
    still_open = {share.time: share.share for share in open_shares(deals)}

    for share in won_shares(deals):
        assert share.won + share.lost + still_open[share.time] == pytest.approx(1)


def test_without_open_deals_it_is_a_share_with_its_binomial_error():
    deals = deals_of("1w 2l 3w 4l 5w 6w 7l 8w 9l 9l")

    last = won_shares(deals)[-1]

    assert last.won == pytest.approx(0.5)
    assert last.standard_error == pytest.approx(math.sqrt(0.25 / 10))


def test_counting_lost_deals_as_if_they_could_still_be_won_overstates():
    # By hand: 1/5, then 1/5 of the 3/5 that are open after the loss at 2, over 3 at risk.
    deals = deals_of("1w 2l 3w 4l 5w")
    as_if_open = [
        DealTime(deal.time, DealState.OPEN if deal.state is DealState.LOST else deal.state)
        for deal in deals
    ]

    assert won_shares(deals)[-1].won == pytest.approx(3 / 5)
    assert 1 - open_shares(as_if_open)[-1].share == pytest.approx(1)
    assert won_shares(deals)[2].won == pytest.approx(2 / 5)
    assert 1 - open_shares(as_if_open)[1].share == pytest.approx(1 - 4 / 5 * 2 / 3)


def test_a_treatment_that_only_speeds_deals_up_is_not_called_better_at_the_horizon():
    random, runs, shown = np.random.default_rng(9), 300, 0
    for _ in range(runs):
        arms = []
        for pace in (1.0, 0.5):
            wins = random.random(80) < 0.4
            times = np.ceil(random.uniform(1, 90, 80) * pace)
            arms.append(
                [
                    DealTime(int(time), DealState.WON if win else DealState.LOST)
                    for time, win in zip(times, wins, strict=True)
                ]
                + [DealTime(100, DealState.OPEN)] * 5
            )
        shown += found(compare_won(*arms, horizon=95)).excludes_zero

    assert shown / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_the_difference_is_that_of_the_curves_at_the_horizon():
    control, treatment = deals_of("1l 2w 5o 6w 9l 12o"), deals_of("1w 2w 3o 4w 8w 12l 13o")
    ends = [
        max((s for s in won_shares(arm) if s.time <= 8), key=lambda share: share.time)
        for arm in (control, treatment)
    ]

    result = found(compare_won(control, treatment, horizon=8))

    assert result.estimate == pytest.approx(ends[1].won - ends[0].won)
    assert result.standard_error == pytest.approx(
        math.hypot(ends[0].standard_error, ends[1].standard_error)
    )
    assert (result.n_control, result.n_treatment) == (6, 7)
    assert result.lower < result.estimate < result.upper


@pytest.mark.parametrize(
    ("control", "treatment", "horizon", "reason"),
    [
        ("", "3w", 2, Reason.NO_UNITS),
        ("3w 8o", "2w 4o", 5, Reason.HORIZON_NOT_SEEN),
        ("3w 4w", "2l 4l", 4, Reason.NO_VARIANCE),
        ("9o 9o", "9o", 5, Reason.NO_VARIANCE),
    ],
)
def test_what_cannot_be_compared_has_a_reason(control, treatment, horizon, reason):
    result = compare_won(deals_of(control), deals_of(treatment), horizon=horizon)

    assert isinstance(result, NotComparable)
    assert result.reason is reason


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (
            lambda: won_shares([DealTime(2, DealState.WON), DealTime(-3, DealState.WON)]),
            "deals[1].time must be at least 0, not -3",
        ),
        (
            lambda: won_shares([DealTime(2, "won?")]),
            "deals[0].state must be a DealState, not 'won?'",
        ),
        (lambda: won_shares([], level=0), "level must lie between 0 and 1, not 0"),
        (
            lambda: compare_won(deals_of("3w"), deals_of("3w"), horizon=2.5),
            "horizon must be an exact integer, not 2.5",
        ),
    ],
)
def test_what_is_no_deal_is_refused(call, rule):
    with pytest.raises(ArgumentError) as refusal:
        call()

    assert str(refusal.value) == rule
