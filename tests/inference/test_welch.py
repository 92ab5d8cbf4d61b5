"""Welch's t against scipy, at the edges, and under reordering, shifting and scaling."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from inference.arms import Arm, arm_of_means
from inference.comparison import NotComparable, Reason
from inference.moments import Moments
from inference.welch import compare_means, interval_of_mean
from tests.inference.samples import arm_of, ends_of, found

outcomes = st.lists(st.integers(-1000, 1000), min_size=2, max_size=20)


def assert_like_scipy(control: list[int], treatment: list[int], level: float = 0.95) -> None:
    expected = stats.ttest_ind(treatment, control, equal_var=False)
    interval = expected.confidence_interval(level)

    result = found(compare_means(arm_of(control), arm_of(treatment), level=level))

    assert result.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-12)
    assert result.df == pytest.approx(expected.df, rel=1e-9)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert ends_of(result) == pytest.approx((interval.low, interval.high), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_it_agrees_with_scipy(level):
    assert_like_scipy([3, 1, 4, 1, 5, 9, 2, 6], [5, 3, 5, 8, 9, 7, 9], level)


def test_one_arm_without_variance_leaves_the_other_to_decide():
    treatment = [1, 2, 3, 5, 8]
    expected = stats.ttest_1samp(treatment, 2)

    result = found(compare_means(arm_of([2, 2, 2, 2]), arm_of(treatment)))

    assert result.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert result.df == expected.df
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-9)


@given(outcomes, outcomes)
def test_exchanging_the_arms_flips_the_sign(control, treatment):
    assume(len(set(control)) > 1)
    forth = found(compare_means(arm_of(control), arm_of(treatment)))
    back = found(compare_means(arm_of(treatment), arm_of(control)))

    assert (back.estimate, back.lower, back.upper) == (
        -forth.estimate,
        -forth.upper,
        -forth.lower,
    )
    assert back.p_value == forth.p_value


@given(outcomes, outcomes, st.integers(-(10**9), 10**9))
def test_shifting_all_outcomes_changes_nothing(control, treatment, shift):
    assume(len(set(control)) > 1)
    plain = compare_means(arm_of(control), arm_of(treatment))

    shifted = compare_means(
        arm_of([y + shift for y in control]), arm_of([y + shift for y in treatment])
    )

    assert shifted == plain


@given(outcomes, outcomes)
def test_scaling_all_outcomes_scales_the_difference_only(control, treatment):
    assume(len(set(control)) > 1)
    cents = found(compare_means(arm_of(control), arm_of(treatment)))

    units = found(compare_means(arm_of(control, scale=2), arm_of(treatment, scale=2)))

    assert units.estimate == pytest.approx(cents.estimate / 100)
    assert ends_of(units) == pytest.approx([end / 100 for end in ends_of(cents)])
    assert units.p_value == pytest.approx(cents.p_value)


def test_a_mean_of_a_billion_with_a_deviation_of_one_keeps_its_difference():
    control = [10**9 + y for y in (-1, 0, 1, -1, 0, 1)]
    treatment = [10**9 + y for y in (0, 1, 2, 0, 1, 2)]

    result = found(compare_means(arm_of(control), arm_of(treatment)))

    assert result.estimate == 1
    assert result.standard_error == pytest.approx(math.sqrt(2 * 0.8 / 6), rel=1e-12)


def test_a_billion_units_are_read_like_ten():
    # Half of the units 0 and half 2 in one arm, 1 in 1000 more in the other.
    half = 5 * 10**8
    control = Moments(10**9, 2 * half, 4 * half)
    treatment = Moments(10**9, 2 * (half + 10**6), 4 * (half + 10**6))
    expected = stats.ttest_ind_from_stats(
        1.002, math.sqrt(float(treatment.variance)), 10**9, 1.0, 1.0, 10**9, equal_var=False
    )

    result = found(compare_means(found(arm_of_means(control)), found(arm_of_means(treatment))))

    assert result.estimate == pytest.approx(0.002, rel=1e-12)
    assert result.statistic == pytest.approx(expected.statistic, rel=1e-6)


def test_a_far_tail_is_a_small_number_and_not_zero():
    result = found(
        compare_means(Arm(500, Fraction(0), Fraction(1)), Arm(500, Fraction(2), Fraction(1)))
    )

    assert result.p_value == pytest.approx(2 * stats.t.sf(result.statistic, result.df), rel=1e-9)
    assert 0 < result.p_value < 1e-100


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        ([], [1, 2], Reason.NO_UNITS),
        ([1, 2], [], Reason.NO_UNITS),
        ([1], [1, 2], Reason.ONE_UNIT),
        ([1, 2], [1], Reason.ONE_UNIT),
        ([7, 7, 7], [7, 7], Reason.NO_VARIANCE),
        ([7, 7, 7], [8, 8], Reason.NO_VARIANCE),
        ([0, 10**160], [0, 1], Reason.OUT_OF_RANGE),
    ],
)
def test_what_cannot_be_compared_has_a_reason(control, treatment, reason):
    arms = [
        arm_of_means(sum(map(Moments.of_outcome, arm), Moments())) for arm in (control, treatment)
    ]

    result = compare_means(*arms)

    assert isinstance(result, NotComparable)
    assert result.reason is reason


def test_the_interval_of_one_mean_agrees_with_scipy():
    sample = [3, 1, 4, 1, 5, 9, 2, 6]
    expected = stats.ttest_1samp(sample, 0).confidence_interval(0.95)

    interval = interval_of_mean(arm_of(sample))

    assert interval is not None
    assert (interval.lower, interval.upper) == pytest.approx((expected.low, expected.high))


def test_an_arm_that_does_not_vary_has_no_interval():
    assert interval_of_mean(arm_of([4, 4, 4])) is None
