"""The always-valid interval against its formula, its tuning, and its agreement with itself."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from inference.arms import Arm
from inference.comparison import NotComparable, Reason
from inference.sequences import (
    compare_at_any_time,
    half_width,
    log_e_value,
    tightest_rho_squared,
)
from tests.inference.samples import arm_of, ends_of, found

ALPHA = 0.05


def formula(variance: float, n: float, rho_squared: float, alpha: float) -> float:
    """As in Waudby-Smith et al., eq. for two arms, written out once more."""
    root = 2 * (n * rho_squared + 1) / (n**2 * rho_squared)
    return (
        math.sqrt(variance)
        * math.sqrt(n)
        * math.sqrt(root * math.log(math.sqrt(n * rho_squared + 1) / alpha))
    )


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("n", [20, 1000, 10**9])
@pytest.mark.parametrize("planned", [100, 5000])
def test_the_half_width_is_that_of_the_formula(alpha, n, planned):
    rho_squared = tightest_rho_squared(planned, alpha=alpha)

    assert half_width(0.3, n, rho_squared, alpha=alpha) == pytest.approx(
        formula(0.3, n, rho_squared, alpha), rel=1e-12
    )


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("planned", [40, 5000])
def test_the_interval_is_tightest_at_the_planned_units(alpha, planned):
    best = optimize.minimize_scalar(
        lambda log_rho: formula(1, planned, math.exp(log_rho), alpha),
        bounds=(-25, 5),
        method="bounded",
        options={"xatol": 1e-10},
    )

    rho_squared = tightest_rho_squared(planned, alpha=alpha)

    assert rho_squared == pytest.approx(math.exp(best.x), rel=1e-5)
    assert formula(1, planned, rho_squared, alpha) <= best.fun * (1 + 1e-12)


def test_the_tuning_has_the_value_known_for_five_percent():
    assert tightest_rho_squared(1, alpha=0.05) == pytest.approx(8.2120, abs=5e-5)


def test_large_even_arms_have_the_interval_of_the_formula():
    control, treatment = arm_of([0, 2] * 50_000), arm_of([0, 3] * 50_000)
    variance = control.mean_variance + treatment.mean_variance
    rho_squared = tightest_rho_squared(200_000, alpha=ALPHA)

    result = found(compare_at_any_time(control, treatment, planned_units=200_000))

    assert (result.upper - result.lower) / 2 == pytest.approx(
        formula(variance, 200_000, rho_squared, ALPHA), rel=1e-4
    )


def test_the_e_value_pools_the_variance_under_no_difference():
    control, treatment = [0] * 20 + [1] * 10, [0] * 12 + [1] * 18
    pooled = np.var(control + treatment, ddof=1) * (1 / 30 + 1 / 30)
    information = 60 * tightest_rho_squared(60, alpha=ALPHA)
    expected = (
        information / (information + 1) * (8 / 30) ** 2 / pooled / 2 - math.log(information + 1) / 2
    )

    result = found(compare_at_any_time(arm_of(control), arm_of(treatment), planned_units=60))

    assert result.log_e == pytest.approx(expected, rel=1e-9)
    assert result.p_value == pytest.approx(min(1, math.exp(-expected)), rel=1e-9)


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        ([0] * 340 + [1] * 60, [0] * 302 + [1] * 98),
        ([0] * 380 + [1] * 20, [0] * 20 + [1]),
        ([0, 2] * 200, [-9, 11] * 15),
    ],
)
def test_the_interval_ends_where_differences_begin_to_be_rejected(control, treatment):
    planned = 500
    rho_squared = tightest_rho_squared(planned, alpha=ALPHA)
    n = len(control) + len(treatment)
    information = n * rho_squared
    own = np.var(control, ddof=1) / len(control) + np.var(treatment, ddof=1) / len(treatment)

    def evidence_against(difference: float) -> float:
        together = np.concatenate([control, np.array(treatment) - difference])
        pooled = np.var(together, ddof=1) * (1 / len(control) + 1 / len(treatment))
        distance = np.mean(treatment) - np.mean(control) - difference
        shrink = information / (information + 1)
        log_e = shrink * distance**2 / max(own, pooled) / 2 - math.log(information + 1) / 2
        return log_e + math.log(ALPHA)

    result = found(compare_at_any_time(arm_of(control), arm_of(treatment), planned_units=planned))

    for end in ends_of(result):
        far = result.estimate + 50 * (end - result.estimate)
        assert end == pytest.approx(optimize.brentq(evidence_against, result.estimate, far))


def test_a_small_arm_that_has_not_varied_cannot_feign_certainty():
    control, treatment = arm_of([0] * 380 + [1] * 20), arm_of([0] * 21)
    rho_squared = tightest_rho_squared(1000, alpha=ALPHA)
    unpooled = half_width(control.mean_variance, 421, rho_squared, alpha=ALPHA)

    result = found(compare_at_any_time(control, treatment, planned_units=1000))

    assert (result.upper - result.lower) / 2 > 4 * unpooled


def test_a_noisy_small_arm_keeps_its_own_noise():
    quiet, noisy = arm_of([0, 2] * 1000), arm_of([-50, 52] * 20)
    rho_squared = tightest_rho_squared(2040, alpha=ALPHA)
    own = quiet.mean_variance + noisy.mean_variance

    result = found(compare_at_any_time(quiet, noisy, planned_units=2040))

    assert (result.upper - result.lower) / 2 == pytest.approx(
        formula(own, 2040, rho_squared, ALPHA), rel=1e-12
    )


arms = st.builds(
    Arm,
    st.integers(10, 10**6),
    st.fractions(-10, 10, max_denominator=1000),
    st.fractions(Fraction(1, 1000), 100, max_denominator=1000),
)


@given(arms, arms, st.integers(20, 10**6))
def test_interval_and_p_value_never_disagree(control, treatment, planned):
    result = compare_at_any_time(control, treatment, planned_units=planned)

    if isinstance(result, NotComparable):
        assert result.reason is Reason.FAR_FROM_PLAN
    else:
        assert result.excludes_zero == (result.p_value < ALPHA)


@given(arms, arms)
def test_exchanging_the_arms_flips_the_sign(control, treatment):
    forth = found(compare_at_any_time(control, treatment, planned_units=100))
    back = found(compare_at_any_time(treatment, control, planned_units=100))

    assert ends_of(back) == pytest.approx((-forth.upper, -forth.lower))
    assert back.log_e == pytest.approx(forth.log_e)


@given(arms, arms, st.integers(-1000, 1000))
def test_a_constant_effect_moves_the_interval_and_keeps_its_width(control, treatment, effect):
    plain = found(compare_at_any_time(control, treatment, planned_units=100))
    moved_arm = Arm(treatment.n, treatment.mean + effect, treatment.variance)

    moved = found(compare_at_any_time(control, moved_arm, planned_units=100))

    assert moved.estimate == pytest.approx(plain.estimate + effect)
    assert moved.upper - moved.lower == pytest.approx(plain.upper - plain.lower)


def test_overwhelming_evidence_stays_a_number():
    result = found(
        compare_at_any_time(
            Arm(10**9, Fraction(0), Fraction(1)),
            Arm(10**9, Fraction(1), Fraction(1)),
            planned_units=2 * 10**9,
        )
    )

    assert result.log_e == pytest.approx(log_e_value(1, 2.5e-9, 2 * 10**9, 8.2120 / 2e9), rel=1e-4)
    assert result.p_value == 0


@pytest.mark.parametrize(
    ("control", "treatment", "planned", "reason"),
    [
        ([3] * 10, [3] * 10, 20, Reason.NO_VARIANCE),
        ([3] * 10, [4] * 10, 20, Reason.NO_VARIANCE),
        ([3, 4] * 5, [4, 5] * 5, 10**6, Reason.FAR_FROM_PLAN),
    ],
)
def test_what_cannot_be_compared_has_a_reason(control, treatment, planned, reason):
    result = compare_at_any_time(arm_of(control), arm_of(treatment), planned_units=planned)

    assert isinstance(result, NotComparable)
    assert result.reason is reason


def test_the_reason_of_an_arm_is_passed_on():
    missing = NotComparable(Reason.NO_UNITS, "nobody")

    assert compare_at_any_time(missing, arm_of([1, 2]), planned_units=10) is missing
    assert compare_at_any_time(arm_of([1, 2]), missing, planned_units=10) is missing


@pytest.mark.parametrize("alpha", [0, -0.1, 0.9, math.nan])
def test_an_impossible_alpha_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha"):
        tightest_rho_squared(100, alpha=alpha)


@pytest.mark.parametrize("planned", [0, -1, math.inf, math.nan])
def test_an_impossible_plan_is_refused(planned):
    with pytest.raises(ValueError, match="planned_units"):
        tightest_rho_squared(planned, alpha=0.05)
