"""The Bayesian view against numerical integration and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from inference.arguments import ArgumentError
from inference.bayesian import Prior, belief_in_difference, belief_in_lift
from inference.comparison import NotComparable, Reason
from tests.inference.samples import found


def integrated(lift: float, error: float, prior: Prior) -> tuple[float, float, float]:
    """Mean, chance above zero and expected loss of treatment, by integrating Bayes' rule."""
    grid = np.linspace(-4, 4, 400_001)
    density = stats.norm.pdf(lift, grid, error) * stats.norm.pdf(grid, prior.mean, prior.deviation)
    whole = integrate.simpson(density, x=grid)
    above = grid >= 0
    return (
        integrate.simpson(grid * density, x=grid) / whole,
        integrate.simpson(density[above], x=grid[above]) / whole,
        integrate.simpson(np.maximum(-grid, 0) * density, x=grid) / whole,
    )


@pytest.mark.parametrize(("lift", "error"), [(0.1, 0.08), (-0.25, 0.2), (0.0, 0.5), (0.6, 0.1)])
@pytest.mark.parametrize("prior", [Prior(), Prior(mean=0.1, deviation=0.05)])
def test_the_belief_is_that_of_bayes_rule(lift, error, prior):
    mean, chance, loss = integrated(lift, error, prior)

    belief = found(belief_in_lift(lift, error, prior))

    assert belief.mean == pytest.approx(mean, abs=1e-8)
    assert belief.chance_to_be_better == pytest.approx(chance, abs=1e-8)
    assert belief.loss_of_treatment == pytest.approx(loss, abs=1e-8)
    assert belief.loss_of_control - belief.loss_of_treatment == pytest.approx(belief.mean)


def test_a_prior_that_knows_nothing_leaves_the_estimate_as_it_is():
    belief = found(belief_in_lift(0.2, 0.1, Prior(deviation=1e6)))

    assert (belief.mean, belief.lower, belief.upper) == pytest.approx(
        (0.2, *stats.norm.interval(0.95, 0.2, 0.1)), rel=1e-6
    )
    assert belief.chance_to_be_better == pytest.approx(stats.norm.cdf(2), rel=1e-6)


def test_an_estimate_as_uncertain_as_the_prior_is_drawn_half_way():
    assert found(belief_in_lift(0.2, 0.3)).mean == pytest.approx(0.1)


@settings(deadline=None, max_examples=30)
@given(
    st.floats(-50, 50), st.floats(0.01, 50), st.floats(-1e4, 1e4).filter(lambda x: abs(x) > 0.01)
)
def test_an_absolute_effect_is_the_lift_times_the_baseline(difference, error, baseline):
    scale = abs(baseline)
    relative = found(belief_in_lift(difference / scale, error / scale))

    absolute = found(belief_in_difference(difference, error, baseline))

    assert absolute.mean == pytest.approx(relative.mean * scale, rel=1e-9, abs=1e-12)
    assert absolute.upper == pytest.approx(relative.upper * scale, rel=1e-9, abs=1e-9)
    assert absolute.chance_to_be_better == pytest.approx(relative.chance_to_be_better, abs=1e-9)
    assert absolute.loss_of_control == pytest.approx(
        relative.loss_of_control * scale, rel=1e-6, abs=1e-12
    )


@settings(deadline=None, max_examples=30)
@given(st.floats(-3, 3), st.floats(0.01, 3))
def test_turning_the_effect_around_turns_the_belief_around(lift, error):
    forth, back = found(belief_in_lift(lift, error)), found(belief_in_lift(-lift, error))
    less_is_better = found(belief_in_lift(lift, error, decrease_is_better=True))

    assert (back.mean, back.lower) == pytest.approx((-forth.mean, -forth.upper))
    assert forth.chance_to_be_better + back.chance_to_be_better == pytest.approx(1)
    assert back.loss_of_treatment == pytest.approx(forth.loss_of_control)
    assert less_is_better.chance_to_be_better == back.chance_to_be_better
    assert less_is_better.mean == forth.mean


def test_far_from_zero_a_loss_is_small_and_never_negative():
    belief = found(belief_in_lift(100.0, 0.001))

    assert belief.chance_to_be_better == 1
    assert belief.loss_of_treatment == 0
    assert belief.loss_of_control == pytest.approx(belief.mean)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_values_of_any_size_are_believed_alike(scale):
    plain = found(belief_in_difference(1, 2, 10))

    scaled = found(belief_in_difference(scale, 2 * scale, 10 * scale))

    assert scaled.mean / scale == pytest.approx(plain.mean)
    assert scaled.chance_to_be_better == pytest.approx(plain.chance_to_be_better)


@pytest.mark.parametrize(
    ("error", "baseline", "reason"),
    [(0, 10, Reason.NO_VARIANCE), (1, 0, Reason.BASELINE_NEAR_ZERO)],
)
def test_what_cannot_be_believed_has_a_reason(error, baseline, reason):
    result = belief_in_difference(1, error, baseline)

    assert isinstance(result, NotComparable)
    assert result.reason is reason


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: Prior(deviation=0), "deviation must be above 0, not 0"),
        (lambda: Prior(mean=math.nan), "mean must be finite, not nan"),
        (lambda: belief_in_lift(math.inf, 1), "difference must be finite, not inf"),
        (lambda: belief_in_lift(0.1, -1), "standard_error must be at least 0, not -1"),
        (lambda: belief_in_lift(0.1, 1, level=1), "level must lie between 0 and 1, not 1"),
        (
            lambda: belief_in_difference(1, 1, math.nan),
            "baseline_mean must be finite, not nan",
        ),
    ],
)
def test_what_is_no_estimate_is_refused(call, rule):
    with pytest.raises(ArgumentError) as refusal:
        call()

    assert str(refusal.value) == rule
