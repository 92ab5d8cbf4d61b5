"""Plans for a relative lift against their formula, simulation, and where no lift can show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from inference.arguments import ArgumentError
from inference.looks import AnyTime
from inference.planning import (
    Baseline,
    Design,
    NoPlan,
    PlanReason,
    ShareBaseline,
    Units,
)
from inference.planning_lift import detectable_lift, power_for_lift, units_needed_for_lift
from tests.inference.samples import found

SPEND = Baseline(mean=10, variance=400)
K = stats.norm.isf(0.025) + stats.norm.isf(0.2)


def reason_of(result: object) -> PlanReason:
    assert isinstance(result, NoPlan), result
    return result.reason


def formula(lift: float, n_control: int, n_treatment: int, baseline: Baseline) -> float:
    """Standard error of the lift as in methods.md, section 3, written out once more."""
    mean, treated = baseline.mean, baseline.mean * (1 + lift)
    variance = baseline.variance / (n_treatment * mean**2)
    variance += baseline.variance * treated**2 / (n_control * mean**4)
    return math.sqrt(variance)


@pytest.mark.parametrize(("n_control", "n_treatment"), [(500, 500), (2000, 300)])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_detectable_lift_is_k_standard_errors_of_itself(n_control, n_treatment, sign):
    expected = optimize.brentq(
        lambda size: size - K * formula(sign * size, n_control, n_treatment, SPEND), 0, 50
    )

    lift = detectable_lift(SPEND, Units(n_control, n_treatment), decrease=sign < 0)

    assert lift == pytest.approx(sign * expected, rel=1e-9)


def test_the_power_is_the_share_of_simulated_experiments_that_show_the_lift():
    n, lift = 3000, 0.12
    random = np.random.default_rng(17)
    control = random.normal(10, 20 / math.sqrt(n), 50_000)
    treatment = random.normal(10 * (1 + lift), 20 / math.sqrt(n), 50_000)
    error = np.sqrt(400 / n / control**2 + 400 / n * treatment**2 / control**4)
    shown = np.abs(treatment / control - 1) > 1.959964 * error

    power = power_for_lift(SPEND, lift, Units(n, n))

    assert power == pytest.approx(float(shown.mean()), abs=0.02)


@settings(deadline=None, max_examples=30)
@given(
    lift=st.floats(0.02, 5) | st.floats(-0.9, -0.02),
    ratio=st.sampled_from([0.3, 1.0, 2.0]),
    baseline=st.sampled_from([SPEND, Baseline(mean=-3, variance=2), ShareBaseline(0.05)]),
)
def test_the_units_needed_have_the_power_and_their_detectable_lift_is_no_larger(
    lift, ratio, baseline
):
    design = Design(treatment_per_control=ratio, design_effect=1.7)
    units = found(units_needed_for_lift(baseline, lift, design))

    smallest = found(detectable_lift(baseline, units, design, decrease=lift < 0))

    # The planned power leaves out the far side; the power includes it.
    assert power_for_lift(baseline, lift, units, design) >= 0.8 - 1e-9
    assert abs(smallest) <= abs(lift) * (1 + 1e-9)


def test_below_the_noise_of_the_baseline_no_increase_ever_shows():
    # n <= k²σ²/μ² = 31.4 for a mean of 10 with a standard deviation of 20.
    assert reason_of(detectable_lift(SPEND, Units(31, 31))) is PlanReason.TOO_FEW_UNITS
    assert found(detectable_lift(SPEND, Units(32, 32))) > 50


def test_a_decrease_by_everything_is_the_largest_there_is():
    assert reason_of(detectable_lift(SPEND, Units(31, 31), decrease=True)) is (
        PlanReason.TOO_FEW_UNITS
    )
    assert -1 < found(detectable_lift(SPEND, Units(40, 40), decrease=True)) < -0.8


def test_a_share_cannot_rise_above_one():
    high = ShareBaseline(0.8)

    assert reason_of(units_needed_for_lift(high, 0.3)) is PlanReason.IMPOSSIBLE_EFFECT
    assert reason_of(power_for_lift(high, 0.3, Units(9, 9))) is PlanReason.IMPOSSIBLE_EFFECT
    assert reason_of(detectable_lift(high, Units(20, 20))) is PlanReason.TOO_FEW_UNITS


@pytest.mark.parametrize(
    ("baseline", "reason"),
    [
        (Baseline(mean=0, variance=1), PlanReason.BASELINE_IS_ZERO),
        (Baseline(mean=2, variance=0), PlanReason.NO_VARIANCE),
    ],
)
def test_a_baseline_without_lift_has_no_plan(baseline, reason):
    assert reason_of(units_needed_for_lift(baseline, 0.1)) is reason
    assert reason_of(power_for_lift(baseline, 0.1, Units(9, 9))) is reason
    assert reason_of(detectable_lift(baseline, Units(9, 9))) is reason


@pytest.mark.parametrize(
    ("lift", "reason"),
    [
        (0, PlanReason.NO_EFFECT),
        (-1, PlanReason.IMPOSSIBLE_EFFECT),
        (1e-9, PlanReason.OUT_OF_RANGE),
        (1e-200, PlanReason.OUT_OF_RANGE),
    ],
)
def test_a_lift_that_cannot_show_has_no_size(lift, reason):
    assert reason_of(units_needed_for_lift(SPEND, lift)) is reason


def test_watching_costs_units_for_a_lift_as_well():
    plain = found(units_needed_for_lift(SPEND, 0.1))
    watched = found(units_needed_for_lift(SPEND, 0.1, Design(looks=AnyTime())))

    assert watched.total / plain.total == pytest.approx(1.915, abs=2e-3)


def test_a_lift_that_is_no_number_is_refused():
    with pytest.raises(ArgumentError, match=r"^lift must be finite, not nan$"):
        units_needed_for_lift(SPEND, math.nan)
