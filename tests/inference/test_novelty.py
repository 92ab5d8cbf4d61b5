"""Effects by exposure week, and their trend, against statsmodels and simulation."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
import statsmodels.api as sm

from inference.arguments import ArgumentError
from inference.comparison import NotComparable, Reason
from inference.moments import Moments
from inference.novelty import WeekEffect, effect_by_week, moments_by_week, trend_of
from inference.welch import compare_means
from tests.inference.samples import arm_of, found, moments_of

CONTROL = {0: [3, 1, 4, 1, 5], 1: [9, 2, 6, 5], 2: [3, 5, 8, 9, 7], 3: [2, 3, 8, 4]}
TREATMENT = {0: [9, 8, 7, 9], 1: [8, 9, 6, 9, 5], 2: [7, 8, 4, 6], 3: [3, 4, 6, 2, 5]}


def weeks_of(outcomes: dict[int, list[int]]) -> dict[int, Moments]:
    return {week: moments_of(values) for week, values in outcomes.items()}


def test_every_week_has_the_effect_of_its_own_units():
    weeks = effect_by_week(weeks_of(CONTROL), weeks_of(TREATMENT))

    assert [week.week for week in weeks] == [0, 1, 2, 3]
    for week in weeks:
        expected = compare_means(arm_of(CONTROL[week.week]), arm_of(TREATMENT[week.week]))
        assert week.effect == expected


def test_the_trend_is_that_of_weighted_least_squares():
    weeks = effect_by_week(weeks_of(CONTROL), weeks_of(TREATMENT))
    effects = [found(week.effect) for week in weeks]
    weights = np.array([effect.standard_error**-2 for effect in effects])
    design = sm.add_constant(np.arange(4.0))
    fit = sm.WLS([effect.estimate for effect in effects], design, weights=weights).fit()
    # Variances are known, not estimated from four residuals.
    error = math.sqrt(fit.normalized_cov_params[1, 1])

    trend = found(trend_of(weeks))

    assert trend.slope == pytest.approx(fit.params[1], rel=1e-9)
    assert trend.standard_error == pytest.approx(error, rel=1e-9)
    assert trend.p_value == pytest.approx(math.erfc(abs(trend.slope) / error / math.sqrt(2)))
    assert trend.weeks == 4
    assert trend.excludes_zero == (trend.p_value < 0.05)


def test_a_fading_effect_has_a_falling_trend_and_a_lasting_one_has_none():
    random, fading, lasting, runs = np.random.default_rng(31), 0, 0, 80
    for _ in range(runs):
        control = {w: moments_of(random.normal(0, 100, 60).astype(int)) for w in range(6)}
        for fades in (True, False):
            treatment = {
                w: moments_of(random.normal(80 / (1 + fades * w), 100, 60).astype(int))
                for w in range(6)
            }
            trend = found(trend_of(effect_by_week(control, treatment)))
            fading += fades and trend.upper < 0
            lasting += not fades and trend.excludes_zero

    assert fading / runs > 0.5
    assert lasting / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_days_become_weeks_since_the_start():
    start = date(2024, 2, 27)
    days = {start + timedelta(days=day): Moments.of_outcome(day) for day in (0, 6, 7, 13, 14, 30)}

    assert moments_by_week(days, start=start) == {
        0: moments_of([0, 6]),
        1: moments_of([7, 13]),
        2: moments_of([14]),
        4: moments_of([30]),
    }


def test_a_week_in_which_an_arm_got_no_units_has_a_reason_and_no_part_in_the_trend():
    control = weeks_of({**CONTROL, 4: [1, 2, 3]})

    weeks = effect_by_week(control, weeks_of(TREATMENT))

    assert isinstance(weeks[4].effect, NotComparable)
    assert weeks[4].effect.reason is Reason.NO_UNITS
    assert trend_of(weeks) == trend_of(weeks[:4])


def test_two_weeks_make_no_trend():
    weeks = effect_by_week(weeks_of(CONTROL), weeks_of(TREATMENT))[:2]

    trend = trend_of(weeks)

    assert isinstance(trend, NotComparable)
    assert trend.reason is Reason.TOO_FEW_WEEKS


def test_cents_and_euros_differ_by_their_scale_only():
    control, treatment = weeks_of(CONTROL), weeks_of(TREATMENT)
    cents = found(trend_of(effect_by_week(control, treatment)))

    euros = found(trend_of(effect_by_week(control, treatment, scale=2)))

    assert euros.slope == pytest.approx(cents.slope / 100)
    assert euros.p_value == pytest.approx(cents.p_value)


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (
            lambda: moments_by_week({date(2024, 1, 1): Moments()}, start=date(2024, 1, 2)),
            "days must not be before the start 2024-01-02, as 2024-01-01 is",
        ),
        (lambda: effect_by_week({}, {}, level=95), "level must lie between 0 and 1, not 95"),
        (lambda: trend_of([WeekEffect(0, None)], level=0), "level must lie between 0 and 1, not 0"),
    ],
)
def test_what_is_no_week_is_refused(call, rule):
    with pytest.raises(ArgumentError) as refusal:
        call()

    assert str(refusal.value) == rule
