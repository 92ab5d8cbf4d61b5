"""What is no exact value is refused by argument and rule."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from inference.arguments import (
    ArgumentError,
    above,
    at_least,
    between,
    error_rate,
    exact_share,
    exact_weight,
    finite,
    whole,
    wholes,
)


@pytest.mark.parametrize("value", [3, Decimal("3.00"), np.int64(3), Decimal(3)])
def test_an_exact_integer_is_taken_however_it_is_written(value):
    assert whole("n", value, at_least=3) == 3


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (3.0, "must be an exact integer, not 3.0"),
        (math.nan, "must be an exact integer, not nan"),
        (math.inf, "must be an exact integer, not inf"),
        (Decimal("NaN"), "must be an exact integer, not Decimal('NaN')"),
        (Decimal("2.5"), "must be an exact integer, not Decimal('2.5')"),
        ("3", "must be an exact integer, not '3'"),
        (None, "must be an exact integer, not None"),
        (True, "must be an integer, not a bool"),
        (-1, "must be at least 0, not -1"),
    ],
)
def test_what_is_no_count_is_refused(value, rule):
    with pytest.raises(ArgumentError) as refusal:
        whole("units", value, at_least=0)

    assert (refusal.value.argument, refusal.value.rule) == ("units", rule)
    assert str(refusal.value) == f"units {rule}"


def test_the_place_of_a_wrong_outcome_is_named():
    with pytest.raises(ArgumentError, match=r"^control\[2\] must be an exact integer, not 0\.5$"):
        wholes("control", [1, 2, 0.5])


@pytest.mark.parametrize("value", [1, 1.0, Fraction(1), Decimal(1), np.float64(1)])
def test_a_real_number_is_taken(value):
    assert finite("alpha", value) == 1.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, Decimal("Infinity")])
def test_a_number_that_is_not_finite_is_refused(value):
    with pytest.raises(ArgumentError, match=r"^alpha must be finite"):
        finite("alpha", value)


@pytest.mark.parametrize("value", ["1", None, True, 1j])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ArgumentError, match=r"^alpha must be a number"):
        finite("alpha", value)


@pytest.mark.parametrize(
    ("check", "rule"),
    [
        (lambda: above("effect", 0, 0), "effect must be above 0, not 0"),
        (lambda: at_least("effect", -0.1, 0), "effect must be at least 0, not -0.1"),
        (lambda: between("share", 1, 0, 1), "share must lie between 0 and 1, not 1"),
        (lambda: between("share", 0.0, 0, 1), "share must lie between 0 and 1, not 0.0"),
        (lambda: error_rate("alpha", 0.6), "alpha must lie between 1e-100 and 0.5, not 0.6"),
        (lambda: error_rate("alpha", 0), "alpha must lie between 1e-100 and 0.5, not 0"),
        (
            lambda: exact_weight("weight", 0.5),
            "weight must be an integer, Fraction or Decimal, not 0.5",
        ),
        (lambda: exact_weight("weight", -1), "weight must be at least 0, not -1"),
        (lambda: exact_weight("weight", Decimal("NaN")), "weight must be finite, not NaN"),
        (lambda: exact_share("share", 0.5), "share must be a Fraction or Decimal, not 0.5"),
        (lambda: exact_share("share", Fraction(3, 2)), "share must lie between 0 and 1, not 3/2"),
        (lambda: exact_share("share", Decimal("NaN")), "share must be finite, not NaN"),
    ],
)
def test_a_number_out_of_its_range_is_refused(check, rule):
    with pytest.raises(ArgumentError) as refusal:
        check()

    assert str(refusal.value) == rule


def test_numbers_in_their_range_are_taken():
    assert above("effect", 0.1, 0) == 0.1
    assert at_least("effect", 0, 0) == 0
    assert between("share", 0.5, 0, 1) == 0.5
    assert error_rate("alpha", 0.05) == 0.05
    assert exact_weight("weight", Decimal("2.5")) == Fraction(5, 2)
    assert exact_share("share", Decimal("0.25")) == Fraction(1, 4)
