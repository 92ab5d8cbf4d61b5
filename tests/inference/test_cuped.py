"""Covariate adjustment against regression, and where it must not be made."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from inference.comparison import Comparison, NotComparable, Reason
from inference.cuped import adjusted_difference
from inference.moments import Moments
from inference.welch import compare_means, welch
from tests.inference.samples import arm_of, found, moments_of


@pytest.fixture
def sample():
    generator = np.random.default_rng(20240601)
    arm = np.repeat([0, 1], [120, 80])
    covariate = generator.integers(0, 100, 200)
    outcome = 3 * covariate + 20 * arm + generator.integers(-30, 31, 200)
    return arm, covariate, outcome


def adjusted(control: Moments, treatment: Moments) -> Comparison | NotComparable:
    return welch(adjusted_difference(control, treatment), alpha=0.05)[0]


def moments_by_arm(arm, covariate, outcome) -> list[Moments]:
    return [moments_of(outcome[arm == side], covariate[arm == side]) for side in (0, 1)]


def test_the_difference_is_the_coefficient_of_the_regression(sample):
    arm, covariate, outcome = sample
    fit = sm.OLS(outcome, sm.add_constant(np.column_stack([arm, covariate]))).fit()

    result = found(adjusted(*moments_by_arm(*sample)))

    assert result.estimate == pytest.approx(fit.params[1], rel=1e-9)


def test_the_variance_is_that_of_the_adjusted_outcomes(sample):
    arm, covariate, outcome = sample
    slope = sm.OLS(outcome, sm.add_constant(np.column_stack([arm, covariate]))).fit().params[2]
    expected = outcome - slope * (covariate - covariate.mean())

    difference = adjusted_difference(*moments_by_arm(*sample), scale=1)

    assert difference.mean_control == pytest.approx(expected[arm == 0].mean() / 10, rel=1e-9)
    assert difference.mean_treatment == pytest.approx(expected[arm == 1].mean() / 10, rel=1e-9)
    assert difference.variance_treatment == pytest.approx(
        np.var(expected[arm == 1], ddof=1) / 100, rel=1e-9
    )


def test_a_good_covariate_takes_noise_away(sample):
    arm, _, outcome = sample
    plain = found(compare_means(arm_of(outcome[arm == 0]), arm_of(outcome[arm == 1])))

    result = found(adjusted(*moments_by_arm(*sample)))

    assert result.standard_error < plain.standard_error / 3


def test_the_slope_is_not_pooled_over_arms_that_differ():
    # All of the difference is effect; within each arm the covariate says nothing.
    control = moments_of([0, 1, 0, 1], [1, 1, 3, 3])
    treatment = moments_of([10, 11, 10, 11], [2, 2, 4, 4])

    result = found(adjusted(control, treatment))

    assert result.estimate == 10


def test_an_imbalance_before_exposure_gives_no_figure(sample):
    arm, covariate, outcome = sample

    result = adjusted(*moments_by_arm(arm, covariate + 60 * arm, outcome))

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.COVARIATE_IMBALANCE


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        (moments_of([1, 2, 3], [5, 5, 5]), moments_of([1, 2, 3], [5, 5, 5]), Reason.NO_COVARIATE),
        (moments_of([1, 2, 3]), Moments.of_outcome(1, 1), Reason.ONE_UNIT),
        (Moments(), moments_of([1, 2], [1, 2]), Reason.NO_UNITS),
    ],
)
def test_what_cannot_be_adjusted_has_a_reason(control, treatment, reason):
    result = adjusted(control, treatment)

    assert isinstance(result, NotComparable)
    assert result.reason is reason
