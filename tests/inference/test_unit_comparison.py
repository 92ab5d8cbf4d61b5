"""A result of unit outcomes holds finite numbers and an interval that says something."""

from __future__ import annotations

import math

import pytest

from inference.unit_comparison import UnitComparison, UnitMethod

GOOD = {
    "method": UnitMethod.RANDOMISATION,
    "estimate": 1.0,
    "lower": 0.5,
    "upper": 1.5,
    "level": 0.95,
    "n_control": 6,
    "n_treatment": 5,
    "p_value": 0.03,
}


@pytest.mark.parametrize(
    ("lower", "upper", "excludes"), [(0.5, 1.5, True), (-0.5, 1.5, False), (0.0, 1.5, False)]
)
def test_zero_is_outside_only_if_the_whole_interval_is_on_one_side(lower, upper, excludes):
    assert UnitComparison(**{**GOOD, "lower": lower, "upper": upper}).excludes_zero == excludes


@pytest.mark.parametrize("name", ["estimate", "lower", "upper", "level", "p_value", "df"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_no_result(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be finite, not {value}$"):
        UnitComparison(**{**GOOD, name: value})


@pytest.mark.parametrize(("lower", "upper"), [(1.0, 1.0), (1.1, 1.5), (0.5, 0.9)])
def test_an_interval_without_width_or_without_its_estimate_is_no_result(lower, upper):
    with pytest.raises(ValueError, match="lower <= estimate <= upper must hold, and lower < upper"):
        UnitComparison(**{**GOOD, "lower": lower, "upper": upper})
