"""Every method where samples end: each case has an expected value, or the reason for having none.

One unit, an empty arm, nothing that varies, nobody or everybody converting, a billion units, values
around a billion, one unit in a thousand treated, more than two arms.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from inference.arguments import ArgumentError
from inference.arms import arm_of_means
from inference.comparison import Comparison, Method, NotComparable, Reason
from inference.competing_risks import compare_won, won_shares
from inference.covariate_moments import CovariateMoments
from inference.covariates import compare_adjusted
from inference.cuped import adjusted_difference
from inference.deal_times import DealState, DealTime
from inference.empirical_bayes import Group, shrink
from inference.exact_tests import Shares, compare_exactly
from inference.few_accounts import (
    AccountOutcome,
    compare_account_means,
    compare_rates_of_few_accounts,
)
from inference.few_units import compare_by_relabelling
from inference.fisher import compare_odds
from inference.group_sequential import compare_at_look
from inference.lifts import compare_relative, compare_relative_at_any_time
from inference.moments import Moments
from inference.plan import (
    ArmCounts,
    ArmPlan,
    ExperimentPlan,
    MetricMoments,
    MetricPlan,
    Observations,
)
from inference.planning import Baseline, Design, Units, power_of, units_needed
from inference.proportions import compare_proportions, wilson
from inference.ratios import arm_of_ratio
from inference.readings import read_experiment
from inference.relabelling import all_relabellings
from inference.safe_tests import Blocks, read_safely
from inference.sample_ratio import read_sample_ratio
from inference.sequences import compare_at_any_time, tightest_rho_squared
from inference.survival import compare_pace, compare_time_open, open_shares
from inference.welch import compare_means, welch
from inference.winsorising import cap_from_history, winsorise
from schemas.resources import MetricKind
from tests.inference.samples import ends_of, found, moments_of

OF_ARMS = {
    Method.WELCH: compare_means,
    Method.CONFIDENCE_SEQUENCE: partial(compare_at_any_time, planned_units=64),
    Method.GROUP_SEQUENTIAL: partial(compare_at_look, information=[1.0]),
    Method.LIFT_DELTA: partial(compare_relative, method=Method.LIFT_DELTA),
    Method.LIFT_LOG: partial(compare_relative, method=Method.LIFT_LOG),
    Method.LIFT_FIELLER: partial(compare_relative, method=Method.LIFT_FIELLER),
    Method.LIFT_CONFIDENCE_SEQUENCE: partial(compare_relative_at_any_time, planned_units=64),
}
DIFFERENCES = [Method.WELCH, Method.CONFIDENCE_SEQUENCE, Method.GROUP_SEQUENTIAL]
LIFTS = [method for method in OF_ARMS if method not in DIFFERENCES]
VARIED = [3, 8, 5, 12, 7, 9, 4, 11]
BEFORE = [1, 2, 3, 4, 5, 6, 7, 8]
NEAR = [-1, 0, 1, 1, 0, -1, 2, -2] * 4, [0, 1, 2, 2, 0, 0, 3, -1] * 4
WON, LOST, OPEN = DealState.WON, DealState.LOST, DealState.OPEN


def by_arms(method, control, treatment):
    return OF_ARMS[method](arm_of_means(moments_of(control)), arm_of_means(moments_of(treatment)))


def by_ratio(control, treatment):
    ratios = [arm_of_ratio(moments_of(y, denominators=[2] * len(y))) for y in (control, treatment)]
    return compare_means(*ratios)


def by_covariate(control, treatment):
    sides = [moments_of(y, BEFORE[: len(y)]) for y in (control, treatment)]
    return welch(adjusted_difference(*sides), alpha=0.05)[0]


def by_covariates(control, treatment):
    sides = [
        sum(
            (CovariateMoments.of_unit(int(y), [x]) for y, x in zip(ys, BEFORE * 3, strict=False)),
            CovariateMoments.zero(1),
        )
        for ys in (control, treatment)
    ]
    return compare_adjusted(*sides)


def by_relabelling(control, treatment):
    # An arm without units has no labels; the test refuses it before it looks at them.
    sizes = (max(1, len(side)) for side in (control, treatment))
    return compare_by_relabelling(control, treatment, all_relabellings(*sizes))


def by_accounts(compare, control, treatment):
    return compare(*([AccountOutcome(2, y) for y in side] for side in (control, treatment)))


def by_deals(compare, control, treatment):
    return compare(*([DealTime(t, WON) for t in side] for side in (control, treatment)))


OF_OUTCOMES = {
    **{str(method): partial(by_arms, method) for method in OF_ARMS},
    "ratio": by_ratio,
    "covariate": by_covariate,
    "covariates": by_covariates,
    "relabelling": by_relabelling,
    "rates of accounts": partial(by_accounts, compare_rates_of_few_accounts),
    "account means": partial(by_accounts, compare_account_means),
}
OF_DEALS = {
    "time open": partial(by_deals, partial(compare_time_open, horizon=3)),
    "won": partial(by_deals, partial(compare_won, horizon=3)),
    "pace": partial(by_deals, compare_pace),
}


def reason_of(result) -> Reason:
    assert isinstance(result, NotComparable), result
    assert result.detail
    return result.reason


@pytest.mark.parametrize("compare", (OF_OUTCOMES | OF_DEALS).values(), ids=OF_OUTCOMES | OF_DEALS)
def test_an_empty_arm_has_no_units(compare):
    assert reason_of(compare([], VARIED)) is Reason.NO_UNITS
    assert reason_of(compare(VARIED, [])) is Reason.NO_UNITS


@pytest.mark.parametrize("compare", OF_OUTCOMES.values(), ids=OF_OUTCOMES)
def test_one_unit_has_no_variance(compare):
    assert reason_of(compare([5], VARIED)) is Reason.ONE_UNIT
    assert reason_of(compare(VARIED, [5])) is Reason.ONE_UNIT


CONSTANT = dict.fromkeys(OF_OUTCOMES, Reason.NO_VARIANCE) | {"covariates": Reason.TOO_FEW_UNITS}


@pytest.mark.parametrize("name", OF_OUTCOMES)
def test_nothing_that_varies_is_no_certainty(name):
    assert reason_of(OF_OUTCOMES[name]([5] * 8, [5] * 8)) is CONSTANT[name]
    assert reason_of(OF_OUTCOMES[name]([5] * 8, [6] * 8)) is CONSTANT[name]


def test_nothing_that_varies_is_no_certainty_after_an_adjustment_either():
    assert reason_of(by_covariates([5] * 24, [6] * 24)) is Reason.NO_VARIANCE


def test_one_arm_that_varies_gives_the_noise_of_that_arm():
    result = found(by_arms(Method.WELCH, [5] * 8, VARIED))

    expected = stats.ttest_1samp(VARIED, 5)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-12)
    assert result.df == pytest.approx(7, rel=1e-12)
    assert ends_of(result) == pytest.approx(tuple(np.array(expected.confidence_interval()) - 5))


def test_one_unit_each_leaves_exact_tests_nearly_everything():
    shares = Shares(control_events=0, control=1, treatment_events=1, treatment=1)

    result, odds = found(compare_exactly(shares)), found(compare_odds(shares))

    # Of the four tables this one has the chance p(1 − p), a quarter at most; twice that, two-sided.
    assert result.p_value == pytest.approx(0.5)
    # Of shares δ apart it is likeliest at ((1 + δ)/2)², which is 2.5 % at the lower limit.
    assert ends_of(result) == pytest.approx((2 * math.sqrt(0.025) - 1, 1), abs=1e-6)
    # Given one event, it is one of treatment with odds ψ: ψ/(1 + ψ) = 2.5 %.
    assert odds.lower == pytest.approx(0.025 / 0.975)
    assert (odds.estimate, odds.upper, odds.p_value) == (None, None, 1.0)


def test_one_unit_each_is_no_evidence_for_who_watches():
    reading = found(read_safely([0], [1]))

    assert (reading.estimate, reading.log_e, reading.p_value) == (1, 0, 1)
    assert reading.lower < -0.5
    assert reason_of(read_safely([], [1])) is Reason.NO_COMPLETE_BLOCK


def test_an_exact_test_without_units_in_an_arm_has_a_reason():
    shares = Shares(control_events=0, control=0, treatment_events=1, treatment=1)

    assert reason_of(compare_exactly(shares)) is Reason.NO_UNITS
    assert reason_of(compare_odds(shares)) is Reason.NO_UNITS


@pytest.mark.parametrize("events", [0, 20])
def test_nobody_or_everybody_converting_leaves_an_interval_but_no_z(events):
    arm = Moments(n=20, sum_y=events, sum_yy=events)
    low, high = confint_proportions_2indep(events, 20, events, 20, method="newcomb")

    result = found(compare_proportions(arm, arm))

    assert (result.estimate, result.statistic, result.p_value) == (0, None, None)
    assert ends_of(result) == pytest.approx((low, high), rel=1e-9)


@pytest.mark.parametrize("events", [0, 20])
def test_nobody_or_everybody_converting_is_no_difference_and_no_proof_of_none(events):
    outcomes = [int(bool(events))] * 20
    shares = Shares(control_events=events, control=20, treatment_events=events, treatment=20)

    exact, watched = found(compare_exactly(shares)), found(read_safely(outcomes, outcomes))

    assert (exact.estimate, exact.p_value) == (0, 1)
    assert (watched.estimate, watched.log_e, watched.p_value) == (0, 0, 1)
    for result in (exact, watched):
        assert result.lower == pytest.approx(-result.upper, abs=1e-7)
        # Nobody of twenty in one arm alone leaves 14 % as likely as 5 %.
        assert result.upper > 1 - 0.05 ** (1 / 20)
    assert reason_of(compare_odds(shares)) is Reason.TOO_FEW_EVENTS


@pytest.mark.parametrize("method", OF_ARMS)
def test_nobody_converting_has_no_lift_and_no_variance(method):
    expected = Reason.BASELINE_NEAR_ZERO if method in LIFTS else Reason.NO_VARIANCE

    assert reason_of(by_arms(method, [0] * 20, [0] * 20)) is expected
    assert reason_of(by_arms(method, [1] * 20, [1] * 20)) is Reason.NO_VARIANCE


def test_nobody_against_everybody_is_as_far_as_shares_go():
    exact = compare_exactly(Shares(control_events=0, control=20, treatment_events=20, treatment=20))
    none, all_ = (Moments(n=20, sum_y=events, sum_yy=events) for events in (0, 20))

    result = found(compare_proportions(none, all_))

    assert (result.estimate, result.upper) == (1, 1)
    assert result.lower == pytest.approx(
        confint_proportions_2indep(20, 20, 0, 20, method="newcomb")[0], rel=1e-9
    )
    assert found(exact).p_value == pytest.approx(2 * 0.5**40, rel=1e-9)


@pytest.mark.parametrize(("events", "n"), [(0, 20), (20, 20), (1, 1), (5 * 10**8, 10**9)])
def test_a_single_share_at_its_ends_has_wilsons_interval(events, n):
    expected = proportion_confint(events, n, method="wilson")

    interval = wilson(events, n)

    assert (interval.lower, interval.upper) == pytest.approx(expected, rel=1e-9, abs=1e-15)
    assert wilson(0, 0) == wilson(0, 0, level=0.5)
    assert (wilson(0, 0).lower, wilson(0, 0).upper) == (0, 1)


def test_small_groups_at_their_ends_show_the_share_of_all():
    for groups, share in (([Group(0, 20), Group(0, 30)], 0), ([Group(5, 5)], 1)):
        shrunken = shrink(groups)

        assert shrunken is not None
        assert shrunken.prior is None
        assert {one.share for one in shrunken.shares} == {share}
    assert shrink([]) is None
    assert shrink([Group(0, 0)]) is None


def test_deals_that_are_all_open_say_nothing_about_closing():
    deals = [DealTime(9, OPEN)] * 4

    assert open_shares(deals) == won_shares(deals) == ()
    assert reason_of(compare_time_open(deals, deals, horizon=5)) is Reason.NO_VARIANCE
    assert reason_of(compare_won(deals, deals, horizon=5)) is Reason.NO_VARIANCE
    assert reason_of(compare_pace(deals, deals)) is Reason.TOO_FEW_EVENTS


def test_deals_that_all_close_at_once_leave_nothing_open():
    deals = [DealTime(5, WON)] * 3 + [DealTime(5, LOST)]

    (share,) = open_shares(deals)
    (won,) = won_shares(deals)

    assert (share.share, share.interval) == (0, None)
    assert (won.won, won.lost) == (0.75, 0.25)
    assert won.standard_error == pytest.approx(math.sqrt(0.75 * 0.25 / 4))


@pytest.mark.parametrize("method", DIFFERENCES)
def test_values_around_a_billion_with_deviation_one_keep_their_digits(method):
    far = [[10**9 + y for y in side] for side in NEAR]

    expected, result = found(by_arms(method, *NEAR)), found(by_arms(method, *far))

    assert (result.estimate, *ends_of(result)) == (expected.estimate, *ends_of(expected))


@pytest.mark.parametrize("method", LIFTS)
def test_the_lift_of_values_around_a_billion_keeps_its_digits(method):
    is_watched = method is Method.LIFT_CONFIDENCE_SEQUENCE
    of_difference = Method.CONFIDENCE_SEQUENCE if is_watched else Method.WELCH
    difference = found(by_arms(of_difference, *NEAR))

    lift = found(by_arms(method, *([10**9 + y for y in side] for side in NEAR)))

    assert lift.estimate == pytest.approx(difference.estimate / 1e9, rel=1e-9)
    # The watched lift pools its variance under "no lift" alone: 2 % of the half-width.
    tolerance = 3e-11 if is_watched else 1e-15
    expected = tuple(end / 1e9 for end in ends_of(difference))
    assert ends_of(lift) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("name", ["covariate", "relabelling", "rates of accounts", "account means"])
def test_values_around_a_billion_keep_their_digits_in_few_units(name):
    near = [side[:8] for side in NEAR]
    # Accounts have two contacts: what is added to their total is twice what a contact gets.
    far = [[2 * 10**9 + y for y in side] for side in near]

    expected, result = found(OF_OUTCOMES[name](*near)), found(OF_OUTCOMES[name](*far))

    assert result.estimate == pytest.approx(expected.estimate, rel=1e-12)
    assert ends_of(result) == pytest.approx(ends_of(expected), rel=1e-9)


BILLION = Moments(10**9, 10**18, 10**27 + 10**9 - 1)
"""A billion units around a billion with variance 1."""


def test_a_billion_units_have_the_noise_of_a_billion():
    shifted = Moments(10**9, 10**18 + 10**6, 10**27 + 2 * 10**15 + 10**3 + 10**9 - 1)
    arms = arm_of_means(BILLION), arm_of_means(shifted)

    result = found(compare_means(*arms))

    error = math.sqrt(2 / 1e9)
    assert (arms[0].variance, arms[1].variance) == (1, 1)
    assert (result.estimate, result.standard_error) == pytest.approx((0.001, error), rel=1e-12)
    assert result.p_value == pytest.approx(2 * stats.norm.sf(0.001 / error), rel=1e-6)
    for method in (Method.CONFIDENCE_SEQUENCE, Method.GROUP_SEQUENTIAL):
        assert found(OF_ARMS[method](*arms)).estimate == pytest.approx(0.001, rel=1e-12)


def test_a_billion_units_convert_as_exactly_as_a_thousand():
    control, treatment = (Moments(10**9, y, y) for y in (10**8, 10**8 + 30_000))

    result = found(compare_proportions(control, treatment))

    pooled = (2 * 10**8 + 30_000) / (2 * 10**9)
    z = 3e-5 / math.sqrt(pooled * (1 - pooled) * 2 / 1e9)
    assert result.statistic == pytest.approx(z, rel=1e-9)
    assert result.p_value == pytest.approx(2 * stats.norm.sf(z), rel=1e-9)


def test_a_billion_units_are_too_many_for_an_exact_test():
    with pytest.raises(ArgumentError, match=r"^control must not be above 200 for an exact test$"):
        Shares(control_events=0, control=10**9, treatment_events=0, treatment=10**9)


def test_a_billion_units_are_split_as_registered_or_not():
    even = [Fraction(1), Fraction(1)]
    fair = read_sample_ratio([500_010_000, 499_990_000], even)
    broken = read_sample_ratio([500_100_000, 499_900_000], even)

    assert fair.chi_square == pytest.approx(0.4)
    assert not fair.alarm
    assert broken.chi_square_p_value == pytest.approx(2 * stats.norm.sf(math.sqrt(40)), rel=1e-9)
    assert broken.alarm


def test_a_billion_units_can_be_planned():
    power = power_of(Baseline(mean=1, variance=1), 1e-4, Units(10**9, 10**9))

    drift, critical = 1e-4 / math.sqrt(2 / 1e9), stats.norm.isf(0.025)
    either_side = stats.norm.sf(critical - drift) + stats.norm.sf(critical + drift)
    assert power == pytest.approx(either_side, rel=1e-9)


def test_one_treated_unit_in_a_thousand_has_the_noise_of_the_small_arm():
    control = Moments(n=99_900, sum_y=9_990, sum_yy=9_990)
    treatment = Moments(n=100, sum_y=20, sum_yy=20)
    deviations = [math.sqrt(float(side.variance)) for side in (control, treatment)]
    expected = stats.ttest_ind_from_stats(
        0.2, deviations[1], 100, 0.1, deviations[0], 99_900, equal_var=False
    )

    result = found(compare_means(arm_of_means(control), arm_of_means(treatment)))

    assert result.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert result.df == pytest.approx(99, rel=0.01)


def test_one_treated_unit_in_a_thousand_cannot_feign_certainty():
    # Nobody of ten converted yet: that arm's own variance is zero.
    control = arm_of_means(Moments(n=9_990, sum_y=999, sum_yy=999))
    treatment = arm_of_means(Moments(n=10))

    fixed = found(compare_means(control, treatment))
    watched = found(compare_at_any_time(control, treatment, planned_units=10_000))

    assert fixed.p_value < 1e-200
    assert watched.p_value == 1
    share = 999 / 10_000
    pooled = share * (1 - share) * 10_000 / 9_999 * (1 / 9_990 + 1 / 10)
    assert watched.standard_error == pytest.approx(math.sqrt(pooled), rel=1e-9)


def test_one_treated_unit_in_a_thousand_is_a_split_a_block_and_a_plan():
    weights = [Fraction(999), Fraction(1)]
    split = read_sample_ratio([99_900, 100], weights)
    waiting = found(read_safely([0] * 1500, [1, 0], Blocks(control=999, treatment=1)))
    needed = units_needed(Baseline(mean=0, variance=1), 0.2, Design(treatment_per_control=1 / 999))

    assert (split.chi_square, split.alarm) == (0, False)
    assert read_sample_ratio([99_000, 1_000], weights).alarm
    assert (waiting.n_control, waiting.n_treatment, waiting.waiting) == (999, 1, 502)
    assert isinstance(needed, Units)
    assert needed.treatment == pytest.approx(
        (stats.norm.isf(0.025) + stats.norm.isf(0.2)) ** 2 / 0.04, rel=0.01
    )
    assert needed.control == pytest.approx(999 * needed.treatment, rel=0.01)


def test_four_arms_are_six_pairs_each_with_its_own_alpha():
    variants = ["control", "a", "b", "c"]
    plan = ExperimentPlan(
        key="four",
        arms=tuple(ArmPlan(variant=name, is_control=name == "control") for name in variants),
        metrics=(MetricPlan(key="m", kind=MetricKind.CONVERSION, window=timedelta(days=7)),),
        planned_units=4_000,
    )
    events = dict(zip(variants, (100, 180, 150, 112), strict=True))
    start = datetime(2024, 3, 1, tzinfo=UTC)
    counted = Observations(
        moments={(v, "m"): MetricMoments(Moments(1_000, y, y)) for v, y in events.items()},
        units=dict.fromkeys(variants, ArmCounts(exposed=1_000)),
        exposed_since=start,
    )

    pairs = read_experiment(plan, counted, now=start + timedelta(days=30)).metrics[0].pairs

    assert [(pair.baseline, pair.variant) for pair in pairs] == [
        ("control", "a"), ("control", "b"), ("control", "c"), ("a", "b"), ("a", "c"), ("b", "c"),
    ]  # fmt: skip
    # Three pairs with the control are the primary family; each is tuned at its share of the plan.
    raw = [
        found(
            compare_at_any_time(
                arm_of_means(Moments(1_000, events["control"], events["control"])),
                arm_of_means(Moments(1_000, events[name], events[name])),
                planned_units=2_000
                * tightest_rho_squared(1, alpha=0.05)
                / tightest_rho_squared(1, alpha=0.05 / 3),
            )
        ).p_value
        for name in ("a", "b", "c")
    ]
    expected = multipletests(raw, method="holm")
    assert [pair.corrected_p_value for pair in pairs[:3]] == pytest.approx(expected[1], rel=1e-9)
    assert [pair.status == "better" for pair in pairs[:3]] == list(expected[0])


def test_four_arms_are_one_split():
    counts = [260, 240, 251, 249]

    split = read_sample_ratio(counts, [Fraction(1)] * 4)

    expected = stats.chisquare(counts)
    assert (split.chi_square, split.chi_square_df) == (pytest.approx(expected.statistic), 3)
    assert split.chi_square_p_value == pytest.approx(expected.pvalue, rel=1e-9)


def test_without_outcomes_there_is_nothing_to_cap():
    capped = winsorise([], cap=5)

    assert (capped.capped, capped.uncapped, capped.capped_units) == (Moments(), Moments(), 0)
    assert reason_of(cap_from_history([0, 0])) is Reason.TOO_FEW_EVENTS
    assert cap_from_history([7]) == 7


def test_every_method_of_the_library_meets_the_edges_here():
    shares = Shares(control_events=2, control=9, treatment_events=5, treatment=9)
    deals = [DealTime(2, WON), DealTime(4, LOST), DealTime(6, OPEN)]
    results = [
        *(by_arms(method, VARIED * 4, [y + 2 for y in VARIED] * 4) for method in OF_ARMS),
        compare_proportions(moments_of([0, 1] * 9), moments_of([1, 1, 0] * 9)),
        by_relabelling(VARIED, [y + 2 for y in VARIED]),
        by_accounts(compare_rates_of_few_accounts, VARIED, VARIED),
        compare_exactly(shares),
        compare_time_open(deals, deals, horizon=5),
        compare_won(deals, deals, horizon=5),
    ]

    methods = {result.method for result in results if isinstance(result, Comparison)}

    assert methods == set(Method) - {Method.SAFE_TEST}
    assert found(read_safely([0, 1], [1, 1])).level == 0.95
