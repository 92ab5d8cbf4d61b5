"""Ratios of sums over units: the delta method against its linearisation and cluster regression."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from inference.arms import Arm
from inference.comparison import NotComparable, Reason
from inference.moments import Moments
from inference.ratios import arm_of_ratio
from inference.welch import compare_means
from tests.inference.samples import found, moments_of

# Denominators that are never close to zero, measured by their error.
units = st.lists(st.tuples(st.integers(0, 500), st.integers(5, 10)), min_size=3, max_size=20)


def ratio_arm(pairs: list[tuple[int, int]], **scales: int) -> Arm:
    y, d = zip(*pairs, strict=True)
    return found(arm_of_ratio(moments_of(y, denominators=d), **scales))


@given(units)
def test_the_variance_is_that_of_the_linearised_units(pairs):
    y, d = np.array(pairs, dtype=float).T
    linearised = (y - y.sum() / d.sum() * d) / d.mean()

    arm = ratio_arm(pairs)

    assert float(arm.mean) == pytest.approx(y.sum() / d.sum(), rel=1e-12)
    assert float(arm.variance) == pytest.approx(np.var(linearised, ddof=1), rel=1e-9, abs=1e-9)


def test_contacts_of_accounts_are_read_like_a_regression_with_clusters():
    # Two arms of accounts; every account has contacts that converted or not.
    accounts = [(1, 4), (0, 2), (5, 9), (2, 3), (7, 20), (0, 6), (3, 5), (4, 4)]
    control, treatment = accounts[:4], accounts[4:]
    rows = [
        (arm, account, contact < converted)
        for account, (converted, size) in enumerate(accounts)
        for arm in [int(account >= 4)]
        for contact in range(size)
    ]
    arms, groups, outcomes = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    fit = sm.OLS(outcomes, sm.add_constant(arms)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )

    result = found(compare_means(ratio_arm(control), ratio_arm(treatment)))

    assert result.estimate == pytest.approx(fit.params[1], rel=1e-9)
    # The cluster sandwich divides by the accounts of an arm (4), the delta method by 3.
    assert result.standard_error == pytest.approx(fit.bse[1] * math.sqrt(4 / 3), rel=1e-9)
    assert (result.n_control, result.n_treatment) == (4, 4)


def test_a_ratio_close_to_constant_keeps_its_small_variance():
    pairs = [(10**12 + noise, 10**12) for noise in (-1, 0, 1, -1, 0, 1)]

    arm = ratio_arm(pairs)

    assert float(arm.variance) == pytest.approx(0.8e-24, rel=1e-12)


def test_scales_put_the_ratio_into_units():
    cents_per_thousandth = ratio_arm([(1250, 2000), (3750, 4000), (100, 900)])

    units_per_unit = ratio_arm(
        [(1250, 2000), (3750, 4000), (100, 900)], scale=2, denominator_scale=3
    )

    assert units_per_unit.mean == cents_per_thousandth.mean * 10
    assert units_per_unit.variance == cents_per_thousandth.variance * 100


def test_units_without_denominator_stay_in():
    assert ratio_arm([(4, 10), (6, 10), (0, 0), (5, 10), (3, 8), (2, 9)]).n == 6


@pytest.mark.parametrize(
    ("moments", "reason"),
    [
        (Moments(), Reason.NO_UNITS),
        (Moments.of_outcome(1, d=1), Reason.ONE_UNIT),
        (moments_of([0, 0, 0], denominators=[0, 0, 0]), Reason.DENOMINATOR_NEAR_ZERO),
        (moments_of([1, 2, 3], denominators=[0, 0, 1]), Reason.DENOMINATOR_NEAR_ZERO),
        (moments_of([1, 2, 3], denominators=[-9, 10, 2]), Reason.DENOMINATOR_NEAR_ZERO),
    ],
)
def test_what_has_no_ratio_has_a_reason(moments, reason):
    result = arm_of_ratio(moments)

    assert isinstance(result, NotComparable)
    assert result.reason is reason
