"""Plans against R's published examples, statsmodels and simulation; and what does not exist."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower, TTestIndPower

from inference.arguments import ArgumentError
from inference.arms import Arm
from inference.looks import AnyTime, PlannedLooks
from inference.planning import (
    Baseline,
    Design,
    NoPlan,
    PlanReason,
    ShareBaseline,
    Units,
    detectable_effect,
    power_of,
    units_needed,
)
from tests.inference.samples import found

NORMAL = Baseline(mean=0, variance=1)
EVEN = ShareBaseline(0.5)
TWENTY = Units(20, 20)


def reason_of(result: object) -> PlanReason:
    assert isinstance(result, NoPlan), result
    return result.reason


def test_the_power_of_twenty_units_per_arm_is_the_one_that_r_prints():
    # R, example(power.t.test): power.t.test(n = 20, delta = 1, sd = 1) has power 0.8689528.
    assert power_of(NORMAL, 1, TWENTY) == pytest.approx(0.8689528, abs=1e-6)


def test_the_units_for_a_power_of_ninety_percent_are_those_that_r_prints_rounded_up():
    # R, example(power.t.test): power.t.test(power = .90, delta = 1) has n = 22.02110.
    assert units_needed(NORMAL, 1, Design(power=0.9)) == Units(23, 23)


def test_the_power_for_two_shares_is_the_one_that_r_prints():
    # R, example(power.prop.test): n = 50, p1 = .50, p2 = .75 has power 0.7401659.
    assert power_of(EVEN, 0.25, Units(50, 50)) == pytest.approx(0.7401659, abs=3e-6)


def test_the_units_for_two_shares_are_those_that_r_prints_rounded_up():
    # R, example(power.prop.test): p1 = .50, p2 = .75, power = .90 has n = 76.65294.
    assert units_needed(EVEN, 0.25, Design(power=0.9)) == Units(77, 77)


def test_the_usual_example_of_a_fifth_of_a_standard_deviation():
    assert units_needed(NORMAL, 0.2) == Units(394, 394)


@pytest.mark.parametrize("effect", [0.05, 0.4, 0.9])
@pytest.mark.parametrize(("n", "ratio"), [(5, 1), (30, 1), (40, 3), (1000, 0.1)])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_power_for_means_is_that_of_statsmodels(effect, n, ratio, alpha):
    units = Units(n, round(n * ratio))
    expected = TTestIndPower().power(effect, n, alpha, ratio=units.treatment / n)

    assert power_of(NORMAL, effect, units, Design(alpha=alpha)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("effect", [0.003, 0.02])
def test_the_power_for_many_units_is_that_of_statsmodels(effect):
    expected = NormalIndPower().power(effect, 10**6, 0.05)

    found_power = power_of(NORMAL, effect, Units(10**6, 10**6))

    assert found_power == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("effect", [0.1, 0.5, 2.0])
def test_the_detectable_effect_is_that_of_statsmodels(effect):
    n = math.ceil(TTestIndPower().solve_power(effect, power=0.8, alpha=0.05))
    expected = TTestIndPower().solve_power(None, nobs1=n, power=0.8, alpha=0.05)

    assert detectable_effect(NORMAL, Units(n, n)) == pytest.approx(expected, rel=1e-6)


def test_the_power_for_shares_is_the_share_of_simulated_experiments_that_show_the_effect():
    base, effect, n = 0.1, 0.06, 500
    random = np.random.default_rng(11)
    control = random.binomial(n, base, 40_000) / n
    treatment = random.binomial(n, base + effect, 40_000) / n
    pooled = (control + treatment) / 2
    z = (treatment - control) / np.sqrt(pooled * (1 - pooled) * 2 / n)

    power = power_of(ShareBaseline(base), effect, Units(n, n))

    assert power == pytest.approx(float(np.mean(np.abs(z) > 1.959964)), abs=0.01)


@settings(deadline=None, max_examples=30)
@given(
    effect=st.floats(0.05, 3) | st.floats(-3, -0.05),
    ratio=st.sampled_from([0.25, 1.0, 1.5, 4.0]),
    power=st.floats(0.5, 0.95),
    design_effect=st.sampled_from([1.0, 2.6]),
)
def test_the_units_needed_have_the_power_and_one_unit_less_has_not(
    effect, ratio, power, design_effect
):
    design = Design(power=power, treatment_per_control=ratio, design_effect=design_effect)
    units = found(units_needed(NORMAL, effect, design))

    fewer = Units(units.control - 1, max(2, design.treatment_units(units.control - 1)))

    assert units.treatment == max(2, math.ceil(ratio * units.control))
    assert power_of(NORMAL, effect, units, design) >= power - 1e-9
    if fewer.control >= 2:
        assert power_of(NORMAL, effect, fewer, design) < power


@settings(deadline=None, max_examples=30)
@given(share=st.floats(0.01, 0.6), effect=st.floats(0.01, 0.3), power=st.floats(0.5, 0.95))
def test_the_units_needed_for_shares_have_the_power(share, effect, power):
    design = Design(power=power)

    units = found(units_needed(ShareBaseline(share), effect, design))

    assert power_of(ShareBaseline(share), effect, units, design) >= power - 1e-9


@settings(deadline=None, max_examples=30)
@given(st.integers(3, 3000), st.integers(3, 3000), st.booleans())
def test_the_detectable_effect_has_exactly_the_power(n_control, n_treatment, decrease):
    units = Units(n_control, n_treatment)

    effect = found(detectable_effect(NORMAL, units, decrease=decrease))

    assert (effect < 0) == decrease
    assert power_of(NORMAL, effect, units) == pytest.approx(0.8, abs=1e-9)


def test_values_in_cents_need_as_many_units_as_values_in_euros():
    euros = units_needed(Baseline(mean=100, variance=250_000), 60)
    cents = units_needed(Baseline(mean=10_000, variance=250_000 * 100**2), 6_000)

    assert euros == cents


def test_a_design_effect_multiplies_the_units():
    plain = found(units_needed(NORMAL, 0.1))
    clustered = found(units_needed(NORMAL, 0.1, Design(design_effect=3.4)))

    assert clustered.control / plain.control == pytest.approx(3.4, rel=2e-3)


def test_the_always_valid_interval_needs_nearly_twice_the_units():
    plain = found(units_needed(NORMAL, 0.1))
    watched = found(units_needed(NORMAL, 0.1, Design(looks=AnyTime())))

    assert watched.control / plain.control == pytest.approx(1.915, abs=3e-3)


def test_the_power_of_the_always_valid_interval_is_that_of_the_simulation():
    # methods.md, section 13: tuned at its own size it reaches 54 % with 394 units per arm by then.
    random = np.random.default_rng(5)
    noise = random.normal(size=(20_000, 394)) / math.sqrt(394)
    z = (0.2 * math.sqrt(394) + noise.sum(axis=1) + random.normal(size=20_000)) / math.sqrt(2)
    critical = AnyTime().critical(0.05)

    power = power_of(NORMAL, 0.2, Units(394, 394), Design(looks=AnyTime()))

    assert power == pytest.approx(float(np.mean(np.abs(z) > critical)), abs=0.01)
    assert 0.4 < found(power) < 0.54


def test_five_planned_looks_need_a_few_units_more_than_one():
    plain = found(units_needed(NORMAL, 0.1))
    planned = found(units_needed(NORMAL, 0.1, Design(looks=PlannedLooks.evenly(5))))

    assert planned.control / plain.control == pytest.approx(1.025, abs=2e-3)


def test_a_ratio_is_planned_with_the_variance_of_its_linearisation():
    arm = Arm(n=400, mean=Fraction(1, 5), variance=Fraction(3, 10))

    assert units_needed(Baseline.of_arm(arm), 0.05) == units_needed(
        Baseline(mean=0.2, variance=0.3), 0.05
    )


def test_no_units_are_needed_for_nothing_because_none_suffice():
    assert reason_of(units_needed(NORMAL, 0)) is PlanReason.NO_EFFECT
    assert power_of(NORMAL, 0, TWENTY) == pytest.approx(0.05, abs=1e-9)


def test_a_share_never_leaves_zero_to_one():
    assert reason_of(units_needed(EVEN, 0.6)) is PlanReason.IMPOSSIBLE_EFFECT
    assert reason_of(power_of(EVEN, -0.6, TWENTY)) is PlanReason.IMPOSSIBLE_EFFECT
    assert found(units_needed(EVEN, 0.5)).control < 15


def test_units_that_do_not_vary_need_no_experiment():
    constant = Baseline(mean=3, variance=0)

    assert reason_of(units_needed(constant, 1)) is PlanReason.NO_VARIANCE
    assert reason_of(power_of(constant, 1, TWENTY)) is PlanReason.NO_VARIANCE
    assert reason_of(detectable_effect(constant, TWENTY)) is PlanReason.NO_VARIANCE


def test_an_effect_that_no_experiment_could_show_has_no_size():
    assert reason_of(units_needed(NORMAL, 1e-9)) is PlanReason.OUT_OF_RANGE
    assert reason_of(units_needed(NORMAL, 1e-200)) is PlanReason.OUT_OF_RANGE


def test_an_effect_far_beyond_the_noise_shows_for_certain():
    assert power_of(NORMAL, 1e200, TWENTY) == pytest.approx(1)
    assert units_needed(NORMAL, 1e200) == Units(2, 2)


def test_with_so_few_units_that_even_the_largest_share_hides_nothing_is_detectable():
    small = ShareBaseline(0.9)

    assert reason_of(detectable_effect(small, Units(10, 10))) is PlanReason.TOO_FEW_UNITS
    assert found(detectable_effect(small, Units(10, 10), decrease=True)) < -0.4


@pytest.mark.parametrize(
    ("plan", "rule"),
    [
        (lambda: Baseline(mean=math.nan, variance=1), "mean must be finite, not nan"),
        (lambda: Baseline(mean=0, variance=-1), "variance must be at least 0, not -1"),
        (lambda: ShareBaseline(0), "share must lie between 0 and 1, not 0"),
        (lambda: ShareBaseline(1.2), "share must lie between 0 and 1, not 1.2"),
        (lambda: Design(alpha=0), "alpha must lie between 1e-100 and 0.5, not 0"),
        (lambda: Design(alpha=math.nan), "alpha must be finite, not nan"),
        (lambda: Design(power=0.03), "power must lie between 0.05 and 1, not 0.03"),
        (lambda: Design(power=1), "power must lie between 0.05 and 1, not 1"),
        (lambda: Design(treatment_per_control=0), "treatment_per_control must be above 0, not 0"),
        (lambda: Design(looks="weekly"), "looks must be a way of looking, not 'weekly'"),
        (lambda: Design(design_effect=0.5), "design_effect must be at least 1, not 0.5"),
        (lambda: units_needed(NORMAL, math.inf), "effect must be finite, not inf"),
        (lambda: units_needed(NORMAL, "1"), "effect must be a number, not '1'"),
        (
            lambda: power_of(NORMAL, 1, Units(1, 20)),
            "units.control must be at least 2, not 1",
        ),
        (
            lambda: detectable_effect(NORMAL, Units(20, 20.0)),
            "units.treatment must be an exact integer, not 20.0",
        ),
    ],
)
def test_an_impossible_plan_is_refused(plan, rule):
    with pytest.raises(ArgumentError) as refusal:
        plan()

    assert str(refusal.value) == rule
