"""Capping against numpy's quantiles, by hand, and on what is no value."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.arguments import ArgumentError
from inference.comparison import NotComparable, Reason
from inference.moments import Moments
from inference.winsorising import cap_from_history, winsorise
from tests.inference.samples import moments_of

values = st.lists(st.integers(-(10**9), 10**9), max_size=40)


def test_values_above_the_cap_count_as_the_cap_and_are_counted():
    arm = winsorise([0, 0, 120, 5000, 300, 700_000], cap=5000)

    assert arm.capped == moments_of([0, 0, 120, 5000, 300, 5000])
    assert arm.uncapped == moments_of([0, 0, 120, 5000, 300, 700_000])
    assert arm.capped_units == 1


@given(values, st.integers(-(10**9), 10**9))
def test_capping_never_raises_a_sum_and_keeps_the_number_of_units(outcomes, cap):
    arm = winsorise(outcomes, cap=cap)

    assert arm.capped.n == arm.uncapped.n == len(outcomes)
    assert arm.capped.sum_y <= arm.uncapped.sum_y
    assert (arm.capped == arm.uncapped) == (arm.capped_units == 0)


@given(values, st.integers(-(10**9), 10**9))
def test_capping_twice_is_capping_once(outcomes, cap):
    once = [min(y, cap) for y in outcomes]

    assert winsorise(once, cap=cap).capped == winsorise(outcomes, cap=cap).capped
    assert winsorise(once, cap=cap).capped_units == 0


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=60),
    st.sampled_from([Fraction(1, 2), Decimal("0.95"), Fraction(999, 1000)]),
)
def test_the_cap_is_numpys_quantile_rounded_up(history, share):
    expected = np.quantile(history, float(share), method="linear")

    cap = cap_from_history(history, share)

    assert cap - 1 - 1e-6 < expected <= cap + 1e-6


def test_zeros_say_nothing_about_large_values():
    deals = list(range(1, 1001))

    assert cap_from_history([0] * 100_000 + deals) == cap_from_history(deals) == 1000
    assert cap_from_history(deals, Fraction(1, 2)) == 501


def test_one_value_is_its_own_cap():
    assert cap_from_history([0, 0, 77]) == 77


@pytest.mark.parametrize("history", [[], [0, 0, 0]])
def test_without_a_value_there_is_no_cap(history):
    result = cap_from_history(history)

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.TOO_FEW_EVENTS


def test_an_arm_without_units_has_nothing_to_cap():
    arm = winsorise([], cap=3)

    assert (arm.capped, arm.uncapped, arm.capped_units) == (Moments(), Moments(), 0)


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: winsorise([1, 2.5], cap=3), "outcomes[1] must be an exact integer, not 2.5"),
        (lambda: winsorise([1], cap=math.inf), "cap must be an exact integer, not inf"),
        (
            lambda: cap_from_history([1, math.nan]),
            "history[1] must be an exact integer, not nan",
        ),
        (
            lambda: cap_from_history([1, 2], 0.999),
            "share must be a Fraction or Decimal, not 0.999",
        ),
        (lambda: cap_from_history([1, 2], Fraction(1)), "share must lie between 0 and 1, not 1"),
    ],
)
def test_what_is_no_exact_value_is_refused(call, rule):
    with pytest.raises(ArgumentError) as refusal:
        call()

    assert str(refusal.value) == rule
