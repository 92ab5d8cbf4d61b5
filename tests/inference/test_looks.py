"""The price of looking against published boundaries and inflation factors, and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from inference.arguments import ArgumentError
from inference.looks import (
    AnyTime,
    PlannedLooks,
    SingleLook,
    Spending,
    boundaries,
    crossing_chances,
    inflation,
)

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)
DRIFT_OF_ONE_LOOK = stats.norm.isf(0.025) + stats.norm.isf(0.2)


def test_obrien_fleming_spending_gives_the_published_boundaries_of_five_looks():
    # Lan & DeMets, as in Jennison & Turnbull 2000 and the R package ldbounds.
    published = [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]

    assert boundaries(PlannedLooks(FIVE), alpha=0.05) == pytest.approx(published, abs=1.5e-4)


def test_pocock_spending_gives_the_published_boundaries_of_five_looks():
    # ldbounds(seq(.2, 1, .2), iuse = 2, alpha = .025 per side): 2.4380 2.4268 2.4101 2.3966 2.3859.
    published = [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]

    found = boundaries(PlannedLooks(FIVE, Spending.POCOCK), alpha=0.05)

    assert found == pytest.approx(published, abs=2e-4)


@pytest.mark.parametrize(
    ("bounds", "factor"),
    [
        ([2.040 * math.sqrt(5 / look) for look in range(1, 6)], 1.028),
        ([2.413] * 5, 1.229),
    ],
    ids=["O'Brien-Fleming", "Pocock"],
)
def test_the_published_constants_have_the_published_error_and_inflation(bounds, factor):
    # Jennison & Turnbull 2000, tables 2.1 to 2.4: C_B(5, .05), C_P(5, .05), R(5, .05, .2).
    error = sum(crossing_chances(bounds, FIVE, 0.0))
    power = sum(crossing_chances(bounds, FIVE, DRIFT_OF_ONE_LOOK * math.sqrt(factor)))

    assert error == pytest.approx(0.05, abs=5e-5)
    assert power == pytest.approx(0.80, abs=5e-4)


def test_crossing_chances_are_those_of_simulated_paths():
    bounds, fractions, drift = [2.5, 2.2, 2.1], [0.3, 0.55, 1.0], 1.7
    steps = np.diff([0, *fractions])
    noise = np.random.default_rng(3).normal(size=(200_000, 3))
    paths = np.cumsum(drift * steps + noise * np.sqrt(steps), axis=1)
    crossed = np.abs(paths) / np.sqrt(fractions) >= bounds
    first = np.where(crossed.any(axis=1), crossed.argmax(axis=1), 3)

    chances = crossing_chances(bounds, fractions, drift)

    shares = np.bincount(first, minlength=4)[:3] / len(first)
    assert chances == pytest.approx(shares, abs=4e-3)


def test_all_error_is_spent_at_the_last_look():
    for spending in Spending:
        looks = PlannedLooks((0.1, 0.15, 0.5, 0.9, 1.0), spending)
        bounds = boundaries(looks, alpha=0.05)

        assert sum(crossing_chances(bounds, looks.fractions, 0.0)) == pytest.approx(0.05, abs=1e-8)


def test_one_planned_look_is_a_single_look():
    looks = PlannedLooks.evenly(1)

    assert boundaries(looks, alpha=0.05) == pytest.approx([1.959964], abs=1e-6)
    # The crossing chance also counts the wrong side.
    assert inflation(looks) == pytest.approx(1, abs=1e-5)


def test_a_look_too_early_to_spend_anything_has_the_farthest_bound():
    bounds = boundaries(PlannedLooks((0.01, 1.0)), alpha=0.05)

    assert bounds == pytest.approx((8.0, 1.959964), abs=1e-5)


def test_the_always_valid_interval_is_wider_by_the_published_factor_at_its_own_size():
    # Waudby-Smith et al.: 1.55 times the fixed interval at t*, for alpha 0.05.
    assert AnyTime().critical(0.05) / SingleLook().critical(0.05) == pytest.approx(1.55, abs=5e-3)


@pytest.mark.parametrize("reached", [0.05, 0.5, 2.0, 20.0])
def test_the_always_valid_interval_is_narrowest_in_standard_errors_near_its_plan(reached):
    assert AnyTime(reached).critical(0.05) > 3.0
    assert inflation(AnyTime(reached)) > 1.85


@settings(deadline=None, max_examples=30)
@given(st.floats(0.55, 0.99), st.sampled_from([SingleLook(), AnyTime(), PlannedLooks.evenly(3)]))
def test_drift_and_power_are_each_others_inverse(power, looks):
    drift = looks.drift_for(power, alpha=0.05)

    # The power of a single look also counts the wrong side, which is below 1e-4 here.
    assert looks.power_of(drift, alpha=0.05) == pytest.approx(power, abs=1e-4)


@pytest.mark.parametrize("looks", [SingleLook(), PlannedLooks.evenly(4)])
def test_without_effect_the_power_is_alpha(looks):
    assert looks.power_of(0.0, alpha=0.05) == pytest.approx(0.05, abs=1e-8)


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: PlannedLooks(()), "fractions must be 1 to 30 looks, not 0"),
        (lambda: PlannedLooks.evenly(31), "fractions must be 1 to 30 looks, not 31"),
        (lambda: PlannedLooks((0.5, 0.5, 1.0)), "fractions[1] must be above 0.5, not 0.5"),
        (lambda: PlannedLooks((0.5,)), "fractions must end with 1, not 0.5"),
        (lambda: PlannedLooks((math.nan, 1.0)), "fractions[0] must be finite, not nan"),
        (lambda: PlannedLooks((1.0,), "pocok"), "spending must be a Spending, not 'pocok'"),
        (lambda: PlannedLooks.evenly(2.0), "looks must be an exact integer, not 2.0"),
        (lambda: AnyTime(0), "reached must be above 0, not 0"),
        (lambda: inflation(SingleLook(), alpha=0), "alpha must lie between 1e-100 and 0.5, not 0"),
        (lambda: inflation(SingleLook(), power=1), "power must lie between 0 and 1, not 1"),
    ],
)
def test_impossible_looks_are_refused(build, rule):
    with pytest.raises(ArgumentError) as refusal:
        build()

    assert str(refusal.value) == rule
