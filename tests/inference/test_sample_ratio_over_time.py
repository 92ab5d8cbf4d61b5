"""The split by day and by stretch of weights: what drowns in a total, and what only looks wrong."""

from __future__ import annotations

import math
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from inference.sample_ratio import read_sample_ratio
from inference.sample_ratio_over_time import read_daily_sample_ratio, read_epochs_sample_ratio

EVEN = [Fraction(1), Fraction(1)]
START = date(2024, 3, 1)


def days_of(*counts):
    return {START + timedelta(days=number): count for number, count in enumerate(counts)}


def test_a_single_broken_day_is_found_though_the_total_looks_fine():
    days = days_of(*[(500, 500)] * 9, (250, 150), (450, 550))
    total = [sum(arm) for arm in zip(*days.values(), strict=True)]

    reading = read_daily_sample_ratio(days, EVEN)

    assert not read_sample_ratio(total, EVEN).alarm
    assert reading.alarm == (reading.log_e >= math.log(1000))
    assert max(reading.days, key=lambda day: day.split.log_e).day == START + timedelta(days=9)


def test_days_together_are_the_weighted_mean_of_their_e_values():
    days = days_of((60, 40), (30, 70), (55, 45))
    e = [math.exp(read_sample_ratio(counts, EVEN).log_e) for counts in days.values()]
    expected = e[0] / 2 + e[1] / 6 + e[2] / 12 + 1 / 4

    reading = read_daily_sample_ratio(days, EVEN)

    assert math.exp(reading.log_e) == pytest.approx(expected, rel=1e-9)
    assert reading.p_value == pytest.approx(min(1, 1 / expected))


def test_a_true_split_watched_day_by_day_raises_hardly_any_alarm():
    generator = np.random.default_rng(3)
    alarms = 0
    for _ in range(400):
        arms = generator.binomial(80, 0.5, size=20)
        days = days_of(*[(int(arm), 80 - int(arm)) for arm in arms])
        alarms += read_daily_sample_ratio(days, EVEN).alarm

    assert alarms <= 3


def test_without_days_there_is_no_evidence():
    reading = read_daily_sample_ratio({}, EVEN)

    assert (reading.days, reading.log_e, reading.alarm) == ((), 0.0, False)


def test_changed_weights_are_no_mismatch_by_epoch_though_the_total_is_one():
    early, late = ((900, 100), [Fraction(9), Fraction(1)]), ((500, 500), EVEN)

    reading = read_epochs_sample_ratio([early, late])

    assert read_sample_ratio((1400, 600), EVEN).alarm
    assert not reading.alarm


def test_epochs_multiply_their_e_values_and_add_their_chi_squares():
    epochs = [((60, 40), EVEN), ((30, 70, 20), [Fraction(1)] * 3), ((0, 0), EVEN)]
    parts = [read_sample_ratio(*epoch) for epoch in epochs[:2]]

    reading = read_epochs_sample_ratio(epochs)

    assert reading.log_e == pytest.approx(sum(part.log_e for part in parts))
    assert (reading.chi_square, reading.chi_square_df) == (
        pytest.approx(sum(part.chi_square for part in parts)),
        3,
    )
    assert reading.chi_square_p_value == pytest.approx(stats.chi2.sf(reading.chi_square, 3))


def test_nothing_to_test_has_no_chi_square():
    reading = read_epochs_sample_ratio([((0, 0), EVEN)])

    assert (reading.chi_square, reading.chi_square_p_value) == (None, None)


def test_a_unit_in_an_arm_of_weight_zero_is_an_alarm_by_itself():
    closed = [Fraction(1), Fraction(1), Fraction(0)]

    assert read_daily_sample_ratio({START: (5, 5, 1)}, closed).alarm
    assert read_epochs_sample_ratio([((5, 5, 1), closed)]).alarm
