"""Shares against statsmodels and scipy, and where all or none converted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
)

from inference.comparison import NotComparable, Reason
from inference.moments import Moments, MomentsError
from inference.proportions import compare_proportions, wilson
from tests.inference.samples import ends_of, found

CASES = [
    ((11, 90), (25, 100)),
    ((1, 40), (3, 41)),
    ((122, 21306), (267, 21307)),
    ((30, 30), (28, 30)),
]


def converted(events: int, n: int) -> Moments:
    return Moments(n, events, events)


@pytest.mark.parametrize(("control", "treatment"), CASES)
def test_z_and_p_agree_with_statsmodels(control, treatment):
    z, p = proportions_ztest([treatment[0], control[0]], [treatment[1], control[1]])

    result = found(compare_proportions(converted(*control), converted(*treatment)))

    assert result.statistic == pytest.approx(z, rel=1e-9)
    assert result.p_value == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("control", "treatment"), CASES)
def test_the_interval_agrees_with_statsmodels(control, treatment, level):
    expected = confint_proportions_2indep(
        *treatment, *control, method="newcomb", compare="diff", alpha=1 - level
    )

    result = found(compare_proportions(converted(*control), converted(*treatment), level=level))

    assert ends_of(result) == pytest.approx(expected, rel=1e-9)


def test_the_squared_z_is_the_chi_square_without_correction():
    chi_square = stats.chi2_contingency([[11, 79], [25, 75]], correction=False)

    result = found(compare_proportions(converted(11, 90), converted(25, 100)))

    assert result.statistic**2 == pytest.approx(chi_square.statistic, rel=1e-9)
    assert result.p_value == pytest.approx(chi_square.pvalue, rel=1e-9)


@pytest.mark.parametrize("events", [0, 50])
def test_none_or_all_converted_gives_an_interval_and_no_test(events):
    limit = proportion_confint(0, 50, method="wilson")[1]

    result = found(compare_proportions(converted(events, 50), converted(events, 50)))

    assert (result.statistic, result.p_value) == (None, None)
    assert ends_of(result) == pytest.approx((-limit, limit), rel=1e-9)


@pytest.mark.parametrize(("n", "reason"), [(0, Reason.NO_UNITS), (1, Reason.ONE_UNIT)])
def test_an_arm_too_small_has_a_reason(n, reason):
    result = compare_proportions(converted(3, 10), converted(n, n))

    assert isinstance(result, NotComparable)
    assert result.reason is reason


@pytest.mark.parametrize(
    ("moments", "argument"),
    [(Moments(10, 3, 9), "sum_yy"), (Moments(10, 11, 11), "sum_y"), (Moments(10, -1, -1), "sum_y")],
)
def test_outcomes_other_than_0_and_1_are_refused(moments, argument):
    with pytest.raises(MomentsError) as refusal:
        compare_proportions(converted(3, 10), moments)

    assert refusal.value.argument == argument


def test_a_split_of_1_to_999_is_read():
    z, _ = proportions_ztest([16, 10_000], [200, 199_800])

    result = found(compare_proportions(converted(10_000, 199_800), converted(16, 200)))

    assert result.statistic == pytest.approx(z, rel=1e-9)


@given(st.integers(0, 60), st.integers(60, 70), st.integers(0, 60), st.integers(60, 70))
def test_exchanging_the_arms_flips_the_sign(events, n, other_events, other_n):
    forth = found(compare_proportions(converted(events, n), converted(other_events, other_n)))
    back = found(compare_proportions(converted(other_events, other_n), converted(events, n)))

    assert ends_of(back) == pytest.approx((-forth.upper, -forth.lower), abs=1e-15)


@pytest.mark.parametrize(("events", "n"), [(0, 20), (1, 20), (81, 263), (20, 20), (3, 10**9)])
def test_wilson_agrees_with_statsmodels(events, n):
    expected = proportion_confint(events, n, method="wilson")

    interval = wilson(events, n)

    assert (interval.lower, interval.upper) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_wilson_gives_the_limits_that_newcombe_published():
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }

    for (events, n), limits in published.items():
        interval = wilson(events, n)
        assert (interval.lower, interval.upper) == pytest.approx(limits, abs=5e-5)


def test_without_units_a_share_can_be_anything():
    assert (wilson(0, 0).lower, wilson(0, 0).upper) == (0, 1)


@pytest.mark.parametrize(("events", "n"), [(-1, 10), (11, 10)])
def test_impossible_counts_are_refused(events, n):
    with pytest.raises(ValueError, match=r"^events must"):
        wilson(events, n)
