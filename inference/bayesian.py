"""The Bayesian view of an effect: an aid for judgement that never decides.

Normal likelihood, normal prior on the relative lift: precision 1/SE² + 1/σ², mean the weighted one.
Source: as GrowthBook's engine, whose defaults these are. Misleads with a handful of units (the
tails of t are ignored), and has no error guarantee when watched: with a flat prior, 63 % of
experiments without effect pass "95 % chance to be better" at some time.
"""

from __future__ import annotations

import math

import msgspec
from scipy import special

from inference.arguments import above, at_least, between, finite
from inference.comparison import NotComparable, Reason


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """What is thought of relative lifts beforehand: 0.3 says two in three are within ±30 %."""

    mean: float = 0.0
    deviation: float = 0.3

    def __post_init__(self) -> None:
        finite("mean", self.mean)
        above("deviation", self.deviation, 0)


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """What is thought of the effect afterwards, in the units it was given in.

    The losses are what is lost on average by choosing an arm where the other one is better, in the
    same units; never below 0.
    """

    mean: float
    lower: float
    upper: float
    level: float
    chance_to_be_better: float
    loss_of_treatment: float
    loss_of_control: float


def belief_in_lift(
    lift: float,
    standard_error: float,
    prior: Prior | None = None,
    *,
    level: float = 0.95,
    decrease_is_better: bool = False,
) -> Belief | NotComparable:
    """Posterior of a relative lift (0.1 is 10 % more) from its estimate and standard error.

    `decrease_is_better` turns what "better" and "loss" mean, not the sign of the lift.
    """
    return belief_in_difference(
        lift,
        standard_error,
        1.0,
        prior,
        level=level,
        decrease_is_better=decrease_is_better,
    )


def belief_in_difference(
    difference: float,
    standard_error: float,
    baseline_mean: float,
    prior: Prior | None = None,
    *,
    level: float = 0.95,
    decrease_is_better: bool = False,
) -> Belief | NotComparable:
    """Posterior of an absolute effect; the prior is rescaled by the mean of the control.

    `difference`, `standard_error` and `baseline_mean` are in the metric's units. The prior's
    mean is rescaled by |x̄_C|, its variance by x̄_C². No result without variance, or where the mean
    of the control is zero and a relative prior says nothing.
    """
    prior = prior or Prior()
    between("level", level, 0, 1)
    finite("difference", difference)
    at_least("standard_error", standard_error, 0)
    scale = abs(finite("baseline_mean", baseline_mean))
    if standard_error == 0:
        return NotComparable(Reason.NO_VARIANCE, "an estimate without error leaves no belief")
    if scale == 0:
        return NotComparable(Reason.BASELINE_NEAR_ZERO, "the mean of the control is zero")
    prior_deviation = prior.deviation * scale
    both = math.hypot(standard_error, prior_deviation)
    # The share of the estimate in the mean is its precision over both, 1/SE² over 1/SE² + 1/σ².
    weight = (prior_deviation / both) ** 2
    mean = weight * difference + (1 - weight) * prior.mean * scale
    deviation = standard_error * (prior_deviation / both)
    return _belief(mean, deviation, level, -1 if decrease_is_better else 1)


def _belief(mean: float, deviation: float, level: float, sign: int) -> Belief:
    half_width = -float(special.ndtri((1 - level) / 2)) * deviation
    gain = sign * mean / deviation
    return Belief(
        mean=mean,
        lower=mean - half_width,
        upper=mean + half_width,
        level=level,
        chance_to_be_better=float(special.ndtr(gain)),
        loss_of_treatment=deviation * _expected_excess(-gain),
        loss_of_control=deviation * _expected_excess(gain),
    )


def _expected_excess(mean: float) -> float:
    """E[max(0, X)] of a normal X with this mean and variance 1: φ(m) + m·Φ(m)."""
    density = math.exp(-mean * mean / 2) / math.sqrt(2 * math.pi)
    # Far out the two terms cancel and rounding would leave a negative loss.
    return max(0.0, density + mean * float(special.ndtr(mean)))
