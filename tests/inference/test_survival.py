"""Times until deals close against published remission times, statsmodels and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from inference.arguments import ArgumentError
from inference.comparison import NotComparable, Reason
from inference.deal_times import DealState, DealTime
from inference.survival import compare_pace, compare_time_open, open_shares
from tests.inference.samples import found

# Freireich et al. 1963: weeks of remission, 6-MP and placebo; the textbook data of survival.
SIX_MP_ENDED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
SIX_MP_OPEN = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
PLACEBO_ENDED = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def deals_of(won: list[int], still_open: list[int] | tuple[int, ...] = ()) -> list[DealTime]:
    closed = [DealTime(time, DealState.WON) for time in won]
    return closed + [DealTime(time, DealState.OPEN) for time in still_open]


SIX_MP, PLACEBO = deals_of(SIX_MP_ENDED, SIX_MP_OPEN), deals_of(PLACEBO_ENDED)

deal_lists = st.lists(
    st.builds(DealTime, st.integers(0, 15), st.sampled_from(DealState)), min_size=1, max_size=25
)


def columns_of(deals: list[DealTime]) -> tuple[np.ndarray, np.ndarray]:
    times = np.array([deal.time for deal in deals])
    return times, np.array([deal.state is not DealState.OPEN for deal in deals], dtype=int)


def test_the_shares_still_in_remission_are_the_published_ones():
    # R, survfit(Surv(time, status) ~ 1, conf.type = "log-log"), as in Kleinbaum & Klein 2012.
    published = [
        (6, 21, 3, 0.857, 0.0764, 0.620, 0.952),
        (7, 17, 1, 0.807, 0.0869, 0.563, 0.923),
        (10, 15, 1, 0.753, 0.0963, 0.503, 0.889),
        (13, 12, 1, 0.690, 0.1068, 0.432, 0.849),
        (16, 11, 1, 0.627, 0.1141, 0.368, 0.805),
        (22, 7, 1, 0.538, 0.1282, 0.268, 0.747),
        (23, 6, 1, 0.448, 0.1346, 0.188, 0.680),
    ]

    shares = open_shares(SIX_MP)

    for share, expected in zip(shares, published, strict=True):
        assert (share.time, share.at_risk, share.closed) == expected[:3]
        figures = (
            share.share,
            share.standard_error,
            share.interval.lower,
            share.interval.upper,
        )
        assert figures == pytest.approx(expected[3:], abs=6e-4)


@settings(deadline=None, max_examples=30)
@given(deal_lists)
def test_the_shares_still_open_are_those_of_statsmodels(deals):
    times, closed = columns_of(deals)
    assume(closed.any())
    with np.errstate(all="ignore"):
        reference = SurvfuncRight(times, closed)

    shares = open_shares(deals)

    assert [share.time for share in shares] == reference.surv_times.tolist()
    assert [share.share for share in shares] == pytest.approx(reference.surv_prob.tolist())
    errors = [
        0.0 if p == 0 else e
        for p, e in zip(reference.surv_prob, reference.surv_prob_se, strict=True)
    ]
    assert [share.standard_error for share in shares] == pytest.approx(errors)


@settings(deadline=None, max_examples=30)
@given(deal_lists)
def test_every_interval_lies_between_zero_and_one_and_holds_its_share(deals):
    for share in open_shares(deals):
        if share.share in {0.0, 1.0}:
            assert share.interval is None
        else:
            assert 0 <= share.interval.lower < share.share < share.interval.upper <= 1


def test_a_deal_that_closes_when_another_was_last_seen_closes_first():
    shares = open_shares(deals_of([5], [5, 5, 5]))

    assert [(share.at_risk, share.share) for share in shares] == [(4, 0.75)]


def test_the_log_rank_test_of_the_remissions_is_the_published_one():
    # R, survdiff: 9 observed and 19.3 expected on 6-MP, chi-squared 16.8.
    pace = found(compare_pace(PLACEBO, SIX_MP))

    assert pace.observed == 9
    assert pace.expected == pytest.approx(19.25, abs=5e-3)
    assert pace.z**2 == pytest.approx(16.79, abs=5e-3)
    assert pace.z < 0


@settings(deadline=None, max_examples=30)
@given(deal_lists, deal_lists)
def test_the_log_rank_test_is_that_of_statsmodels(control, treatment):
    result = compare_pace(control, treatment)
    assume(not isinstance(result, NotComparable))
    times, closed = columns_of(control + treatment)
    arms = np.array([0] * len(control) + [1] * len(treatment))

    statistic, p_value = survdiff(times, closed, arms)

    assert result.z**2 == pytest.approx(statistic, rel=1e-9, abs=1e-9)
    assert result.p_value == pytest.approx(p_value, rel=1e-9, abs=1e-9)


def test_the_mean_time_in_remission_is_the_area_that_lifelines_gives():
    # lifelines 0.30.3, restricted_mean_survival_time(KaplanMeierFitter, t=20).
    six_mp, placebo = 16.116526610644254, 8.428571428571429

    result = found(compare_time_open(PLACEBO, SIX_MP, horizon=20))

    assert result.estimate == pytest.approx(six_mp - placebo, rel=1e-12)
    assert result.excludes_zero


def test_without_open_deals_it_is_the_mean_of_the_times_cut_at_the_horizon():
    control, treatment, horizon = [1, 4, 4, 7, 9, 12], [2, 3, 8, 8, 15, 20, 21], 10
    cut = [np.minimum(arm, horizon) for arm in (control, treatment)]
    expected_error = math.sqrt(sum(arm.var() / len(arm) for arm in cut))

    result = found(compare_time_open(deals_of(control), deals_of(treatment), horizon=horizon))

    assert result.estimate == pytest.approx(cut[1].mean() - cut[0].mean(), rel=1e-12)
    assert result.standard_error == pytest.approx(expected_error, rel=1e-12)
    assert result.p_value == pytest.approx(
        math.erfc(abs(result.estimate) / expected_error / math.sqrt(2)), rel=1e-12
    )


def test_the_interval_of_the_time_open_covers_the_truth_with_censored_deals():
    random, covered, runs, horizon = np.random.default_rng(6), 0, 400, 100
    truth = sum(math.exp(-t / 120) - math.exp(-t / 60) for t in np.arange(0.5, horizon))
    for _ in range(runs):
        arms = []
        for mean in (60, 120):
            closes = random.exponential(mean, 60) + 0.5
            leaves = random.uniform(20, 400, 60)
            leaves[0] = 150
            arms.append(
                [
                    DealTime(round(min(c, u)), DealState.WON if c <= u else DealState.OPEN)
                    for c, u in zip(closes, leaves, strict=True)
                ]
            )
        result = compare_time_open(*arms, horizon=horizon)
        covered += isinstance(result, NotComparable) or result.lower <= truth <= result.upper

    assert covered / runs == pytest.approx(0.95, abs=0.035)


@settings(deadline=None, max_examples=30)
@given(deal_lists, deal_lists)
def test_exchanging_the_arms_flips_the_sign(control, treatment):
    horizon = max(1, min(max(deal.time for deal in arm) for arm in (control, treatment)))
    forth = compare_time_open(control, treatment, horizon=horizon)
    back = compare_time_open(treatment, control, horizon=horizon)
    if isinstance(forth, NotComparable):
        assert back == forth
        return

    assert (back.estimate, back.lower, back.upper) == pytest.approx(
        (-forth.estimate, -forth.upper, -forth.lower)
    )


@pytest.mark.parametrize(
    ("control", "treatment", "horizon", "reason"),
    [
        ([], deals_of([3]), 2, Reason.NO_UNITS),
        (deals_of([3]), [], 2, Reason.NO_UNITS),
        (deals_of([3, 30]), deals_of([3], [9]), 10, Reason.HORIZON_NOT_SEEN),
        (deals_of([], [9, 9]), deals_of([], [9]), 9, Reason.NO_VARIANCE),
    ],
)
def test_what_cannot_be_compared_has_a_reason(control, treatment, horizon, reason):
    result = compare_time_open(control, treatment, horizon=horizon)

    assert isinstance(result, NotComparable)
    assert result.reason is reason


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        ([], deals_of([3]), Reason.NO_UNITS),
        (deals_of([], [4]), deals_of([], [5]), Reason.TOO_FEW_EVENTS),
        (deals_of([1]), deals_of([], [0]), Reason.TOO_FEW_EVENTS),
    ],
)
def test_without_closings_in_common_there_is_no_pace(control, treatment, reason):
    result = compare_pace(control, treatment)

    assert isinstance(result, NotComparable)
    assert result.reason is reason


def test_no_deal_that_closed_means_no_closing_at_all():
    assert open_shares(deals_of([], [1, 2, 3])) == ()
    assert open_shares([]) == ()


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (
            lambda: open_shares([DealTime(-1, DealState.WON)]),
            "deals[0].time must be at least 0, not -1",
        ),
        (
            lambda: open_shares([DealTime(1.5, DealState.WON)]),
            "deals[0].time must be an exact integer, not 1.5",
        ),
        (
            lambda: open_shares([DealTime(1, "closed")]),
            "deals[0].state must be a DealState, not 'closed'",
        ),
        (lambda: open_shares(SIX_MP, level=95), "level must lie between 0 and 1, not 95"),
        (
            lambda: compare_time_open(PLACEBO, SIX_MP, horizon=0),
            "horizon must be at least 1, not 0",
        ),
        (
            lambda: compare_time_open(PLACEBO, [DealTime(None, DealState.WON)], horizon=3),
            "treatment[0].time must be an exact integer, not None",
        ),
        (
            lambda: compare_pace([DealTime(True, DealState.WON)], SIX_MP),
            "control[0].time must be an integer, not a bool",
        ),
    ],
)
def test_what_is_no_deal_is_refused(call, rule):
    with pytest.raises(ArgumentError) as refusal:
        call()

    assert str(refusal.value) == rule
