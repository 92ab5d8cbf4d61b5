"""A result holds finite numbers in order; what is not a result is a reason."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from inference.comparison import Comparison, Method, NotComparable, Reason

GOOD: dict[str, Any] = {
    "method": Method.WELCH,
    "estimate": 1.0,
    "lower": 0.5,
    "upper": 1.5,
    "level": 0.95,
    "n_control": 20,
    "n_treatment": 20,
    "standard_error": 0.25,
}


@pytest.mark.parametrize("name", ["estimate", "lower", "upper", "p_value", "statistic", "log_e"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_comparison_refuses_what_is_not_finite(name, value):
    with pytest.raises(ValueError, match=f"{name} must be finite"):
        Comparison(**{**GOOD, name: value})


def test_a_comparison_refuses_an_estimate_outside_its_interval():
    with pytest.raises(ValueError, match="lower <= estimate <= upper"):
        Comparison(**{**GOOD, "estimate": 2.0})


def test_a_comparison_refuses_an_interval_without_width():
    with pytest.raises(ValueError, match="lower < upper"):
        Comparison(**{**GOOD, "estimate": 1.0, "lower": 1.0, "upper": 1.0})


@pytest.mark.parametrize(
    ("lower", "upper", "excludes"), [(0.5, 1.5, True), (0.0, 1.5, False), (-1.0, 2.0, False)]
)
def test_zero_at_the_edge_is_not_excluded(lower, upper, excludes):
    assert Comparison(**{**GOOD, "lower": lower, "upper": upper}).excludes_zero is excludes


def test_results_are_plain_json():
    reason = NotComparable(Reason.NO_VARIANCE, "all the same")

    assert msgspec.json.decode(msgspec.json.encode(Comparison(**GOOD)))["method"] == "welch_t"
    assert msgspec.to_builtins(reason) == {"reason": "no_variance", "detail": "all the same"}
