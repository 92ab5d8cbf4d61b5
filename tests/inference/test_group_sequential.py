"""Registered looks: known boundaries, and intervals that end where z crosses them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from inference.comparison import NotComparable, Reason
from inference.group_sequential import boundary_of, compare_at_look
from tests.inference.samples import arm_of, found

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)


@pytest.mark.parametrize(
    ("look", "boundary"), [(1, 4.8769), (2, 3.3569), (3, 2.6803), (4, 2.2898), (5, 2.0310)]
)
def test_five_even_looks_have_the_published_boundaries(look, boundary):
    assert boundary_of(FIVE[:look], 0.05) == pytest.approx(boundary, abs=2e-4)


def test_the_chance_to_cross_is_what_the_looks_so_far_may_spend():
    # Independently: the multivariate normal with correlation √(t_i/t_j).
    times = np.array(FIVE[:3])
    limits = np.array([boundary_of(FIVE[: look + 1], 0.05) for look in range(3)])
    covariance = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    inside = stats.multivariate_normal(cov=covariance, abseps=1e-8, maxpts=2_000_000).cdf(
        limits, lower_limit=-limits
    )

    allowed = 4 * stats.norm.sf(stats.norm.ppf(1 - 0.05 / 4) / np.sqrt(0.6))

    assert 1 - inside == pytest.approx(allowed, rel=1e-4)


def test_a_single_look_at_the_end_has_the_plain_normal_boundary():
    assert boundary_of((1.0,), 0.05) == pytest.approx(stats.norm.ppf(0.975), rel=1e-8)


@pytest.mark.parametrize("effect", [0, 40, 60])
def test_the_interval_excludes_zero_exactly_where_t_crosses(effect):
    control, treatment = arm_of([0, 100] * 50), arm_of([effect, 100 + effect] * 50)
    tail = stats.norm.sf(boundary_of((0.5, 0.8), 0.05))
    boundary = stats.t.isf(tail, 198)

    result = found(compare_at_look(control, treatment, information=[0.5, 0.8]))

    assert result.statistic == pytest.approx(result.estimate / result.standard_error)
    assert result.excludes_zero == (abs(result.statistic) > boundary)
    assert result.upper - result.estimate == pytest.approx(boundary * result.standard_error)


def test_what_cannot_be_compared_has_a_reason():
    same, missing = arm_of([1, 1]), NotComparable(Reason.NO_UNITS, "nobody")

    result = compare_at_look(same, same, information=[1.0])

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.NO_VARIANCE
    assert compare_at_look(missing, same, information=[1.0]) is missing
    assert compare_at_look(same, missing, information=[1.0]) is missing


@pytest.mark.parametrize("information", [[], [0.5, 0.4], [0.0, 1.0], [0.5, 1.2]])
def test_impossible_looks_are_refused(information):
    with pytest.raises(ValueError, match=r"fractions|information"):
        compare_at_look(arm_of([1, 2]), arm_of([1, 3]), information=information)
