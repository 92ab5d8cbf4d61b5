"""Relative lift by three methods and under watch: definitions, agreement, missing lifts."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats

from inference.arms import Arm
from inference.comparison import Comparison, Method, NotComparable, Reason
from inference.lifts import compare_relative, compare_relative_at_any_time
from inference.sequences import compare_at_any_time, half_width, tightest_rho_squared
from inference.welch import compare_means
from tests.inference.samples import arm_of, ends_of, found

CONTROL = [3, 5, 2, 8, 6, 4, 7, 5, 3, 6]
TREATMENT = [6, 9, 5, 4, 8, 7, 10, 6, 9, 7, 5]
FIXED = [Method.LIFT_DELTA, Method.LIFT_LOG, Method.LIFT_FIELLER]


def parts() -> tuple[float, float, float, float, float]:
    c, t = np.array(CONTROL, float), np.array(TREATMENT, float)
    a, b = c.var(ddof=1) / len(c), t.var(ddof=1) / len(t)
    df = (a + b) ** 2 / (a**2 / (len(c) - 1) + b**2 / (len(t) - 1))
    return c.mean(), t.mean(), a, b, stats.t.ppf(0.975, df)


def lift(method: Method) -> Comparison:
    return found(compare_relative(arm_of(CONTROL), arm_of(TREATMENT), method=method))


def test_delta_is_the_first_order_error_of_the_ratio():
    c, t, a, b, quantile = parts()
    spread = quantile * math.sqrt(b / c**2 + a * t**2 / c**4)

    result = lift(Method.LIFT_DELTA)

    assert result.estimate == pytest.approx((t - c) / c, rel=1e-12)
    assert ends_of(result) == pytest.approx(((t - c) / c - spread, (t - c) / c + spread), rel=1e-9)


def test_the_log_scale_is_welch_on_logarithms_with_squared_coefficients_of_variation():
    c, t, a, b, _ = parts()
    a, b = a / c**2, b / t**2
    df = (a + b) ** 2 / (a**2 / (len(CONTROL) - 1) + b**2 / (len(TREATMENT) - 1))
    spread = stats.t.ppf(0.975, df) * math.sqrt(a + b)

    result = lift(Method.LIFT_LOG)

    ends = (math.log(t / c) - spread, math.log(t / c) + spread)
    assert ends_of(result) == pytest.approx([math.expm1(end) for end in ends], rel=1e-9)
    assert result.p_value == pytest.approx(
        2 * stats.t.sf(abs(math.log(t / c)) / math.sqrt(a + b), df), rel=1e-9
    )


def test_fieller_holds_every_ratio_that_the_means_do_not_refute():
    c, t, a, b, quantile = parts()

    def refuted(ratio: float) -> float:
        return (t - ratio * c) ** 2 - quantile**2 * (b + ratio**2 * a)

    result = lift(Method.LIFT_FIELLER)

    assert result.lower == pytest.approx(optimize.brentq(refuted, 0.2, t / c) - 1, rel=1e-9)
    assert result.upper == pytest.approx(optimize.brentq(refuted, t / c, 9) - 1, rel=1e-9)


@pytest.mark.parametrize(
    ("method", "ends"),
    [
        # gbstats 0.8.0, TwoSidedTTest on the same ten and eleven values.
        (Method.LIFT_DELTA, (-0.030509813464944413, 0.8505469192163357)),
        # tea-tasting 2.0.0, Mean.analyze_aggregates.
        (Method.LIFT_LOG, (0.02795483424556977, 0.9340852858703694)),
    ],
)
def test_other_libraries_have_the_same_limits(method, ends):
    assert ends_of(lift(method)) == pytest.approx(ends, rel=1e-9)


arms = st.builds(
    Arm,
    st.integers(10, 10**6),
    st.fractions(1, 20, max_denominator=1000),
    st.fractions(Fraction(1, 1000), 100, max_denominator=1000),
)


@given(arms, arms)
def test_fieller_never_disagrees_with_the_difference(control, treatment):
    result = compare_relative(control, treatment)

    assume(isinstance(result, Comparison))
    difference = found(compare_means(control, treatment))
    assume(abs(difference.p_value - 0.05) > 1e-6)
    assert result.excludes_zero == difference.excludes_zero
    assert (result.estimate > 0) == (difference.estimate > 0)


@given(arms, arms, st.integers(100, 10**6))
def test_the_watched_lift_agrees_with_its_own_p_value(control, treatment, planned):
    result = compare_relative_at_any_time(control, treatment, planned_units=planned)

    assume(isinstance(result, Comparison))
    assert result.excludes_zero == (result.p_value < 0.05)
    assert result.lower > -1


def test_the_watched_lift_is_the_sequence_for_the_logarithm_of_the_ratio():
    control, treatment = arm_of([0, 10] * 500), arm_of([0, 11] * 500)
    variance = float(
        control.variance / control.n / control.mean**2
        + treatment.variance / treatment.n / treatment.mean**2
    )
    spread = half_width(variance, 2000, tightest_rho_squared(2000, alpha=0.05), alpha=0.05)

    result = found(compare_relative_at_any_time(control, treatment, planned_units=2000))

    expected = [math.expm1(math.log(1.1) + side * spread) for side in (-1, 1)]
    # Pooling under "no lift" adds the square of the difference, 1 % of the variance here.
    assert ends_of(result) == pytest.approx(expected, abs=1e-3)


def test_a_small_arm_that_hardly_varied_cannot_feign_certainty_about_a_lift():
    control, small = arm_of([0, 20] * 200), arm_of([10] * 19 + [11])
    plain = found(compare_at_any_time(control, small, planned_units=420))

    result = found(compare_relative_at_any_time(control, small, planned_units=420))

    relative = (plain.upper - plain.lower) / float(control.mean)
    assert result.upper - result.lower == pytest.approx(relative, rel=0.3)


def test_two_close_means_keep_the_digits_of_their_lift():
    base = 10**12
    control, treatment = arm_of([base - 1, base + 1] * 10), arm_of([base, base + 2] * 10)

    for method in FIXED:
        result = found(compare_relative(control, treatment, method=method))
        assert result.estimate == pytest.approx(1e-12, rel=1e-9)
        assert result.lower < result.estimate < result.upper


def test_a_negative_mean_keeps_the_sign_of_the_difference():
    control, treatment = arm_of([-10, -12, -11, -9]), arm_of([-8, -7, -9, -8])

    for method in (Method.LIFT_DELTA, Method.LIFT_FIELLER):
        assert found(compare_relative(control, treatment, method=method)).estimate > 0


@pytest.mark.parametrize(
    ("control", "treatment", "method", "reason"),
    [
        ([0, 1, -1, 2], [5, 6, 7], Method.LIFT_FIELLER, Reason.BASELINE_NEAR_ZERO),
        ([0, 0, 0, 0], [0, 1, 1], Method.LIFT_DELTA, Reason.BASELINE_NEAR_ZERO),
        # Two errors from zero, but within the t quantile of two degrees of freedom.
        ([1, 2, 5], [5, 6, 7], Method.LIFT_FIELLER, Reason.BASELINE_NEAR_ZERO),
        ([-9, -8, -7], [5, 6, 7], Method.LIFT_LOG, Reason.MEAN_NOT_POSITIVE),
        ([9, 8, 7], [0, 1, -1], Method.LIFT_LOG, Reason.MEAN_NOT_POSITIVE),
        ([5, 5], [5, 5], Method.LIFT_LOG, Reason.NO_VARIANCE),
    ],
)
def test_where_there_is_no_lift_there_is_a_reason(control, treatment, method, reason):
    result = compare_relative(arm_of(control), arm_of(treatment), method=method)

    assert isinstance(result, NotComparable)
    assert result.reason is reason


def test_a_watched_lift_far_from_its_plan_has_a_reason():
    result = compare_relative_at_any_time(
        arm_of([8, 9] * 5), arm_of([9, 10] * 5), planned_units=10**6
    )

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.FAR_FROM_PLAN


def test_a_lift_beyond_floats_has_a_reason():
    tiny, huge = Fraction(1, 10**150), Fraction(10**75)
    control, treatment = (Arm(2, mean, mean**2 * Fraction(49, 100)) for mean in (tiny, huge))

    result = compare_relative(control, treatment, method=Method.LIFT_LOG, level=0.99999)

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.OUT_OF_RANGE


@pytest.mark.parametrize("compare", [compare_relative, compare_relative_at_any_time])
def test_the_reason_of_an_arm_is_passed_on(compare):
    missing = NotComparable(Reason.NO_UNITS, "nobody")
    planned = {} if compare is compare_relative else {"planned_units": 100}

    assert compare(missing, arm_of([1, 2]), **planned) is missing
    assert compare(arm_of([1, 2]), missing, **planned) is missing


def test_a_method_that_is_none_for_a_lift_is_refused_by_name():
    with pytest.raises(ValueError, match="method must be one of"):
        compare_relative(arm_of([1, 2]), arm_of([1, 2]), method=Method.WELCH)


@pytest.mark.parametrize("method", [Method.LIFT_DELTA, Method.LIFT_FIELLER])
def test_a_lift_to_nothing_without_noise_has_no_interval(method):
    control, treatment = arm_of([1] * 10 + [0] * 10), arm_of([0] * 20)

    result = compare_relative(control, treatment, method=method)

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.NO_VARIANCE
