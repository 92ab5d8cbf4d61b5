"""Watched at every unit, experiments without effect show a difference in at most α of all runs.

Many runs need arrays, so the e-value is computed here once more, over whole runs, and held against
the library at looks drawn at random: what is calibrated is what the library computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.arms import Arm
from inference.sequences import compare_at_any_time, tightest_rho_squared
from inference.statuses import FEWEST_EVENTS, FEWEST_UNITS
from tests.inference.samples import arm_of, found

ALPHA = 0.05
LIMIT = -math.log(ALPHA)
RUNS, UNITS = 1500, 600
ALLOWED = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / RUNS)

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Floats]


class Looks:
    """Running sums of both arms at every unit of every run, and the e-value from them."""

    def __init__(self, outcomes: Floats, treated: NDArray[np.bool_]) -> None:
        self.n = np.stack([(~treated).cumsum(axis=1), treated.cumsum(axis=1)])
        by_arm = np.stack([np.where(treated, 0, outcomes), np.where(treated, outcomes, 0)])
        self.sums = by_arm.cumsum(axis=2)
        self.squares = (by_arm**2).cumsum(axis=2)

        total = self.n.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            means = self.sums / self.n
            spreads = self.squares - self.n * means**2
            self.difference = means[1] - means[0]
            self.own = (spreads / (self.n - 1) / self.n).sum(axis=0)
            together = self.squares.sum(axis=0) - self.sums.sum(axis=0) ** 2 / total
            self.pooled = together / (total - 1) * (1 / self.n).sum(axis=0)

    def log_e(self, planned: float, variance: Floats | None = None) -> Floats:
        variance = np.maximum(self.own, self.pooled) if variance is None else variance
        information = self.n.sum(axis=0) * tightest_rho_squared(planned, alpha=ALPHA)
        shrink = information / (information + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return shrink * self.difference**2 / variance / 2 - np.log1p(information) / 2

    def ever(self, alarms: NDArray[np.bool_], fewest_events: int = 0) -> float:
        """Share of runs with an alarm at any look above the floors."""
        may_look = self.n.min(axis=0) >= FEWEST_UNITS
        if fewest_events:
            may_look &= self.sums.min(axis=0) >= fewest_events
        assert may_look.any(axis=1).mean() > 0.9
        return float((alarms & may_look).any(axis=1).mean())


def normal(generator: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return np.round(generator.normal(0, 1000, shape))


def bernoulli(share: float) -> Draw:
    return lambda generator, shape: (generator.random(shape) < share).astype(float)


CASES = [
    pytest.param(normal, 0.5, 0, id="normal"),
    pytest.param(normal, 0.05, 0, id="normal, 5 % of the traffic"),
    pytest.param(bernoulli(0.3), 0.5, FEWEST_EVENTS, id="30 % convert"),
    pytest.param(bernoulli(0.3), 0.1, FEWEST_EVENTS, id="30 % convert, 10 % of the traffic"),
    # Without the floor of events: the pooled variance alone has to hold a small arm back.
    pytest.param(bernoulli(0.05), 0.05, 0, id="5 % convert, 5 % of the traffic, no events needed"),
]


@pytest.mark.parametrize(("draw", "share", "fewest_events"), CASES)
@pytest.mark.parametrize("planned", [100, UNITS])
def test_the_share_of_false_alarms_stays_below_alpha(draw, share, fewest_events, planned):
    looks = watched(draw, share)

    assert looks.ever(looks.log_e(planned) >= LIMIT, fewest_events) <= ALLOWED


def test_arms_that_differ_in_noise_only_stay_below_alpha():
    generator = np.random.default_rng(14)
    treated = generator.random((RUNS, UNITS)) < 0.1
    looks = Looks(normal(generator, (RUNS, UNITS)) * np.where(treated, 5, 1), treated)

    assert looks.ever(looks.log_e(UNITS) >= LIMIT) <= ALLOWED


def test_a_fixed_interval_watched_all_along_would_not_pass():
    looks = watched(normal, 0.5)

    assert looks.ever(np.abs(looks.difference) > 1.96 * np.sqrt(looks.own)) > 4 * ALLOWED


def test_the_arms_own_variances_alone_would_not_pass():
    looks = watched(bernoulli(0.05), 0.05)

    assert looks.ever(looks.log_e(UNITS, looks.own) >= LIMIT) > 4 * ALLOWED


def watched(draw: Draw, share: float) -> Looks:
    generator = np.random.default_rng(11)
    outcomes = draw(generator, (RUNS, UNITS))
    return Looks(outcomes, generator.random((RUNS, UNITS)) < share)


@pytest.mark.parametrize("draw", [normal, bernoulli(0.05)])
def test_what_is_calibrated_is_what_the_library_computes(draw):
    generator = np.random.default_rng(12)
    outcomes = draw(generator, (20, UNITS))
    treated = generator.random((20, UNITS)) < 0.2
    log_e = Looks(outcomes, treated).log_e(UNITS)

    for run in range(20):
        look = int(generator.integers(UNITS // 2, UNITS))
        seen, arms = outcomes[run, : look + 1], treated[run, : look + 1]
        result = found(compare_at_any_time(arm(seen[~arms]), arm(seen[arms]), planned_units=UNITS))
        assert result.log_e == pytest.approx(log_e[run, look], rel=1e-6, abs=1e-9)


def arm(outcomes: Floats) -> Arm:
    return arm_of(outcomes.astype(int).tolist())


def test_a_real_effect_is_found_by_the_planned_size():
    # Planned for a fixed power of 80 % the sequence reaches 54 % by then, simulated independently.
    runs, units = 600, 788
    generator = np.random.default_rng(13)
    treated = np.arange(units) % 2 == np.ones((runs, 1))
    outcomes = normal(generator, (runs, units)) + 200 * treated
    looks = Looks(outcomes, treated)

    found_by = looks.ever(looks.log_e(units) >= LIMIT)

    assert found_by == pytest.approx(0.54, abs=3 * math.sqrt(0.54 * 0.46 / runs))
