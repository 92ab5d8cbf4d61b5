"""Times until deals close against lifelines, on seeded data with ties and censoring.

What lifelines computes exactly is held to 1e-9. It breaks ties of competing risks by jittering the
times, so Aalen-Johansen is held to it exactly on data without ties, and roughly on data with them.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import pytest
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time

from inference.competing_risks import compare_won, won_shares
from inference.deal_times import DealState, DealTime, closings_of
from inference.survival import compare_pace, compare_time_open, open_shares
from tests.inference.samples import found

EXACT = 1e-9
CODES = {DealState.OPEN: 0, DealState.WON: 1, DealState.LOST: 2}


class Columns(NamedTuple):
    """Deals as lifelines takes them."""

    times: np.ndarray
    codes: np.ndarray

    @property
    def closed(self) -> np.ndarray:
        return self.codes > 0


def columns_of(deals: list[DealTime]) -> Columns:
    return Columns(
        np.array([deal.time for deal in deals]), np.array([CODES[deal.state] for deal in deals])
    )


def drawn_deals(seed: int, n: int, *, days: int, pace: float = 1.0) -> list[DealTime]:
    """Won after about 40 days, lost after about 60, followed for 10 to `days`."""
    generator = np.random.default_rng(seed)
    won, lost = generator.exponential(40 * pace, n), generator.exponential(60, n)
    followed = generator.uniform(10, days, n)
    deals = []
    for times in zip(won, lost, followed, strict=True):
        state = (DealState.WON, DealState.LOST, DealState.OPEN)[int(np.argmin(times))]
        deals.append(DealTime(int(np.ceil(min(times))), state))
    return deals


def without_ties(deals: list[DealTime]) -> list[DealTime]:
    """The same deals in the same order, every time a thousandfold and a little later."""
    ordered = sorted(deals, key=lambda deal: (deal.time, deal.state is DealState.OPEN))
    return [DealTime(1000 * deal.time + place, deal.state) for place, deal in enumerate(ordered)]


def kaplan_meier(deals: list[DealTime], level: float = 0.95) -> KaplanMeierFitter:
    columns = columns_of(deals)
    return KaplanMeierFitter(alpha=1 - level).fit(columns.times, columns.closed)


def aalen_johansen(deals: list[DealTime], event: DealState, **options) -> AalenJohansenFitter:
    columns = columns_of(deals)
    fitter = AalenJohansenFitter(**options)
    return fitter.fit(columns.times, columns.codes, event_of_interest=CODES[event])


SAMPLES = {
    "many ties": drawn_deals(1, 150, days=30),
    "few ties": drawn_deals(2, 60, days=400),
    "mostly open": drawn_deals(3, 40, days=12),
    "a dozen": drawn_deals(4, 12, days=90),
}
PAIRS = {
    "the same pace": (drawn_deals(5, 80, days=90), drawn_deals(6, 90, days=90)),
    "twice the pace": (drawn_deals(7, 60, days=120), drawn_deals(8, 50, days=120, pace=0.5)),
    "unequal arms": (drawn_deals(9, 200, days=60), drawn_deals(10, 15, days=60, pace=0.7)),
}
each_sample = pytest.mark.parametrize("deals", SAMPLES.values(), ids=SAMPLES)
each_pair = pytest.mark.parametrize(("control", "treatment"), PAIRS.values(), ids=PAIRS)


@each_sample
def test_the_data_have_open_deals_and_closings_at_the_same_time(deals):
    columns = columns_of(deals)

    assert 0 < columns.closed.sum() < len(deals)
    if len(deals) > 12:
        assert len(np.unique(columns.times[columns.closed])) < columns.closed.sum()


@each_sample
def test_deals_are_counted_at_each_time_as_lifelines_counts_them(deals):
    table = kaplan_meier(deals).event_table
    closed = table[table["observed"] > 0]

    counted = [(c.time, c.at_risk, c.closed) for c in closings_of("deals", deals)]

    expected = zip(closed.index, closed["at_risk"], closed["observed"], strict=True)
    assert counted == [tuple(map(int, row)) for row in expected]


@each_sample
def test_shares_still_open_are_those_of_lifelines(deals):
    reference = kaplan_meier(deals).survival_function_["KM_estimate"]

    for share in open_shares(deals):
        assert share.share == pytest.approx(reference[share.time], rel=EXACT)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@each_sample
def test_log_log_intervals_are_those_of_lifelines(deals, level):
    reference = kaplan_meier(deals, level).confidence_interval_
    lower, upper = (reference.filter(like=side).iloc[:, 0] for side in ("lower", "upper"))
    shares = [share for share in open_shares(deals, level=level) if share.interval is not None]

    assert shares
    for share in shares:
        assert share.interval.lower == pytest.approx(lower[share.time], rel=EXACT)
        assert share.interval.upper == pytest.approx(upper[share.time], rel=EXACT)


@pytest.mark.parametrize("horizon", [7, 30, 45])
@each_pair
def test_the_difference_of_mean_time_open_is_that_of_lifelines(control, treatment, horizon):
    means = [
        restricted_mean_survival_time(kaplan_meier(arm), t=horizon) for arm in (control, treatment)
    ]

    result = found(compare_time_open(control, treatment, horizon=horizon))

    assert result.estimate == pytest.approx(means[1] - means[0], rel=EXACT)


@pytest.mark.parametrize("horizon", [30, 45])
@each_pair
def test_the_error_of_mean_time_open_follows_from_the_counts_of_lifelines(
    control, treatment, horizon
):
    def variance(deals: list[DealTime]) -> float:
        fitted = kaplan_meier(deals)
        whole = restricted_mean_survival_time(fitted, t=horizon)
        total = 0.0
        for time, row in fitted.event_table.iterrows():
            remaining = row["at_risk"] - row["observed"]
            if row["observed"] and remaining and time < horizon:
                area = whole - restricted_mean_survival_time(fitted, t=time)
                total += area**2 * row["observed"] / (row["at_risk"] * remaining)
        return total

    result = found(compare_time_open(control, treatment, horizon=horizon))

    expected = np.sqrt(variance(control) + variance(treatment))
    assert result.standard_error == pytest.approx(expected, rel=EXACT)


@each_pair
def test_the_log_rank_test_is_that_of_lifelines(control, treatment):
    arms = [columns_of(arm) for arm in (control, treatment)]
    reference = logrank_test(arms[0].times, arms[1].times, arms[0].closed, arms[1].closed)

    pace = found(compare_pace(control, treatment))

    assert pace.z**2 == pytest.approx(reference.test_statistic, rel=EXACT)
    assert pace.p_value == pytest.approx(reference.p_value, rel=1e-8)


@pytest.mark.parametrize("event", [DealState.WON, DealState.LOST])
@each_sample
def test_shares_won_and_lost_are_those_of_lifelines_where_no_deals_close_together(deals, event):
    deals = without_ties(deals)
    reference = aalen_johansen(deals, event).cumulative_density_.iloc[:, 0]

    for share in won_shares(deals):
        ours = share.won if event is DealState.WON else share.lost
        assert ours == pytest.approx(reference[share.time], rel=EXACT, abs=1e-15)


@each_sample
def test_errors_and_intervals_of_shares_won_are_those_of_lifelines(deals):
    deals = without_ties(deals)
    reference = aalen_johansen(deals, DealState.WON)
    ends = reference.confidence_interval_  # lifelines calls the lower end the upper one
    lower, upper = ends.min(axis=1), ends.max(axis=1)
    # Where no deal is left lifelines divides by zero.
    last = max(deal.time for deal in deals)
    shares = [s for s in won_shares(deals) if s.interval is not None and s.time < last]

    assert shares
    for share in shares:
        assert share.standard_error**2 == pytest.approx(reference.variance_[share.time], rel=EXACT)
        assert share.interval.lower == pytest.approx(lower[share.time], rel=EXACT)
        assert share.interval.upper == pytest.approx(upper[share.time], rel=EXACT)


@each_sample
def test_shares_won_are_near_those_of_lifelines_where_deals_close_together(deals):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ties are broken at random, it says
        fitted = aalen_johansen(deals, DealState.WON, seed=1, calculate_variance=False)
    reference = fitted.cumulative_density_.iloc[:, 0]

    for share in won_shares(deals):
        jittered = reference[reference.index < share.time + 0.5].iloc[-1]
        assert share.won == pytest.approx(jittered, abs=0.02)


@each_pair
def test_the_difference_of_shares_won_is_that_of_lifelines(control, treatment):
    arms = [without_ties(arm) for arm in (control, treatment)]
    horizon = 50_000
    shares = [
        aalen_johansen(arm, DealState.WON, calculate_variance=False).cumulative_density_.iloc[:, 0]
        for arm in arms
    ]
    expected = [share[share.index <= horizon].iloc[-1] for share in shares]

    result = found(compare_won(*arms, horizon=horizon))

    assert result.estimate == pytest.approx(expected[1] - expected[0], rel=EXACT)
