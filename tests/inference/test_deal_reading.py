"""Deals over time: shares won and lost as they are, and one comparison when all windows passed."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time

from inference.comparison import Method, Reason
from inference.deal_reading import DAY_SECONDS, DealReading, read_deals
from inference.deal_times import DealState, DealTime
from inference.plan import ArmPlan, ExperimentPlan, MetricPlan
from schemas.resources import MetricKind

WINDOW = timedelta(days=90)
VALUE = MetricPlan(key="value", kind=MetricKind.LATEST_DEAL_VALUE, window=WINDOW)
ARMS = (ArmPlan(variant="plain", is_control=True), ArmPlan(variant="calls", name="Calls"))


def plan_of(**changes) -> ExperimentPlan:
    return ExperimentPlan(
        key="k", arms=changes.pop("arms", ARMS), metrics=(VALUE,), planned_units=400, **changes
    )


def drawn(seed: int, mean_days: float, n: int = 200) -> list[DealTime]:
    """Deals closed at an exponential pace, six in ten won; open ones seen to the window's end."""
    generator = np.random.default_rng(seed)
    days, won = generator.exponential(mean_days, n), generator.random(n) < 0.6
    horizon = WINDOW // timedelta(seconds=1)
    seconds = (days * DAY_SECONDS).astype(int)
    return [
        DealTime(int(time), DealState.WON if is_won else DealState.LOST)
        if time < horizon
        else DealTime(horizon, DealState.OPEN)
        for time, is_won in zip(seconds, won, strict=True)
    ]


DEALS = {"plain": drawn(1, 150), "calls": drawn(2, 40)}


def read(deals=DEALS, *, obstacle=None, is_over=True, **changes) -> DealReading:
    return read_deals(plan_of(**changes), VALUE, deals, obstacle=obstacle, is_over=is_over)


def test_the_difference_of_shares_won_is_that_of_aalen_johansen():
    (pair,) = read().pairs

    ends = []
    for deals in (DEALS["plain"], DEALS["calls"]):
        causes = [("open", "won", "lost").index(deal.state.value) for deal in deals]
        fitter = AalenJohansenFitter(calculate_variance=False, jitter_level=0)
        fitter.fit([deal.time for deal in deals], causes, event_of_interest=1)
        ends.append(float(fitter.cumulative_density_.iloc[-1, 0]))
    assert pair.won.method is Method.CUMULATIVE_INCIDENCE
    assert pair.won.estimate == pytest.approx(ends[1] - ends[0], rel=1e-9)
    assert pair.won.lower > 0
    assert "Within 90 days" in pair.sentence.en
    assert "Calls" in pair.sentence.de


def test_the_time_open_and_the_pace_stand_beside():
    (pair,) = read().pairs

    plain, calls = ([deal.time / DAY_SECONDS for deal in side] for side in DEALS.values())
    closed = [[deal.state is not DealState.OPEN for deal in side] for side in DEALS.values()]
    test = logrank_test(plain, calls, *closed)
    assert pair.pace.z**2 == pytest.approx(test.test_statistic, rel=1e-9)
    # Nothing is censored within the window, so the restricted mean is a plain one.
    means = [np.mean(np.minimum(times, 90)) for times in (plain, calls)]
    assert pair.days_open.estimate == pytest.approx(means[1] - means[0], rel=1e-9)


def test_before_all_windows_passed_shares_are_shown_and_nothing_is_compared():
    reading = read(is_over=False)

    (pair,) = reading.pairs
    assert (pair.reason, pair.won, pair.days_open, pair.pace) == (
        *(Reason.BEFORE_REGISTERED_END, None, None, None),
    )
    assert "favour whatever closes deals sooner" in pair.sentence.en
    assert all(arm.shares for arm in reading.arms)


def test_what_keeps_the_experiment_from_being_read_hides_the_shares():
    reading = read(obstacle=Reason.SAMPLE_RATIO_MISMATCH)

    assert {arm.reason for arm in reading.arms} == {Reason.SAMPLE_RATIO_MISMATCH}
    assert [arm.shares for arm in reading.arms] == [None, None]
    assert reading.pairs[0].reason is Reason.SAMPLE_RATIO_MISMATCH


@pytest.mark.parametrize(
    ("few", "reason"),
    [
        ([DealTime(5, DealState.WON)] * 9, Reason.TOO_FEW_UNITS),
        ([DealTime(5, DealState.WON)] * 9 + [DealTime(5, DealState.OPEN)], Reason.TOO_FEW_EVENTS),
    ],
)
def test_too_few_units_or_closings_show_counts_alone(few, reason):
    reading = read({"plain": few, "calls": DEALS["calls"]})

    control, variant = reading.arms
    assert (control.reason, control.shares, control.won) == (reason, None, 9)
    assert variant.shares is not None
    assert reading.pairs[0].reason is reason


def test_an_open_deal_counts_to_its_last_whole_day_and_a_closing_from_the_end_of_its_own():
    base = [DealTime(n * DAY_SECONDS, DealState.WON) for n in range(1, 11)]
    half = DAY_SECONDS // 2

    reading = read(
        {
            "plain": [*base, DealTime(half, DealState.OPEN)],
            "calls": [*base, DealTime(half, DealState.WON)],
        }
    )

    plain, calls = (arm.shares for arm in reading.arms)
    assert (plain[0].time, plain[0].won) == (1, pytest.approx(1 / 10))
    assert (calls[0].time, calls[0].won) == (1, pytest.approx(2 / 11))


def test_several_variants_share_the_error():
    arms = (*ARMS, ArmPlan(variant="events"))

    reading = read({**DEALS, "events": drawn(3, 60)}, arms=arms)

    assert [pair.won.level for pair in reading.pairs] == [pytest.approx(0.975)] * 2


def test_groups_that_were_only_observed_are_associated_at_most():
    (pair,) = read(randomised=False).pairs

    assert "association" in pair.sentence.en


def test_a_variant_that_is_not_the_plans_is_refused():
    with pytest.raises(ValueError, match=r"deals: \['other'\] are no variants"):
        read({"other": []})


def test_the_restricted_mean_agrees_with_an_independent_one_where_deals_are_censored():
    censored = [
        deal if number % 3 else DealTime(deal.time // 2, DealState.OPEN)
        for number, deal in enumerate(DEALS["calls"])
    ]
    (pair,) = read({"plain": DEALS["plain"], "calls": censored}).pairs

    means = []
    for side in (DEALS["plain"], censored):
        fitter = KaplanMeierFitter()
        fitter.fit(
            [deal.time / DAY_SECONDS for deal in side],
            [deal.state is not DealState.OPEN for deal in side],
        )
        means.append(restricted_mean_survival_time(fitter, t=90))
    assert pair.days_open.estimate == pytest.approx(means[1] - means[0], rel=1e-6)
