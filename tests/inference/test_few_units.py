"""The randomisation test against scipy, its own definition, and its promise in simulations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from inference.arguments import ArgumentError
from inference.comparison import NotComparable, Reason
from inference.few_units import compare_by_relabelling
from inference.relabelling import Relabellings, all_relabellings, drawn_relabellings
from tests.inference.samples import found

CONTROL, TREATMENT = [12, 15, 11, 19, 22, 8], [25, 18, 30, 22, 27]
five_units = st.lists(st.integers(-50, 50), min_size=5, max_size=5)


def welch_t(treatment: np.ndarray, control: np.ndarray, axis: int) -> np.ndarray:
    return stats.ttest_ind(treatment, control, equal_var=False, axis=axis).statistic


def share_as_far(control: list[int], treatment: list[int], difference: float) -> float:
    """By definition: Welch's t of every relabelling; the last combination is the real one."""
    pooled = np.array([*control, *(y - difference for y in treatment)], dtype=float)
    places = range(len(pooled))
    treated = [list(chosen) for chosen in itertools.combinations(places, len(treatment))]
    others = [sorted(set(places) - set(chosen)) for chosen in treated]
    far = np.abs(welch_t(pooled[np.array(treated)], pooled[np.array(others)], axis=1))
    return float(np.mean(far >= far[-1] * (1 - 1e-9)))


def test_the_p_value_is_that_of_scipys_permutation_test():
    # scipy's own two-sided p doubles the smaller tail; ours is the share of |t|.
    expected = stats.permutation_test(
        (TREATMENT, CONTROL),
        lambda treatment, control, axis: np.abs(welch_t(treatment, control, axis)),
        n_resamples=np.inf,
        vectorized=True,
        alternative="greater",
    ).pvalue

    result = found(compare_by_relabelling(CONTROL, TREATMENT, all_relabellings(6, 5)))

    assert result.p_value == pytest.approx(expected, rel=1e-12)
    assert result.statistic == pytest.approx(
        stats.ttest_ind(TREATMENT, CONTROL, equal_var=False).statistic, rel=1e-12
    )


def test_just_inside_the_interval_a_difference_is_held_and_just_outside_it_is_not():
    result = found(compare_by_relabelling(CONTROL, TREATMENT, all_relabellings(6, 5)))

    width = result.upper - result.lower
    for end, inwards in ((result.lower, 1), (result.upper, -1)):
        inside, outside = end + inwards * 1e-6 * width, end - inwards * 1e-6 * width
        assert share_as_far(CONTROL, TREATMENT, inside) > 0.05
        assert share_as_far(CONTROL, TREATMENT, outside) <= 0.05


def test_with_many_units_the_interval_is_nearly_that_of_welch():
    random = np.random.default_rng(7)
    control = [int(y) for y in random.normal(0, 1000, 40)]
    treatment = [int(y) for y in random.normal(800, 3000, 30)]
    expected = stats.ttest_ind(treatment, control, equal_var=False).confidence_interval()
    relabellings = drawn_relabellings(40, 30, draws=4_999, generator=random)

    result = found(compare_by_relabelling(control, treatment, relabellings))

    assert result.lower == pytest.approx(expected.low, abs=100)
    assert result.upper == pytest.approx(expected.high, abs=100)


def test_six_accounts_per_arm_without_effect_show_one_in_at_most_five_percent():
    # Skewed, and with unequal variances: t alone has no exact answer here.
    random, relabellings = np.random.default_rng(1), all_relabellings(6, 6)
    covered = []
    for _ in range(150):
        control = [int(y) for y in random.exponential(1000, 6)]
        treatment = [int(y) for y in random.exponential(1000, 6)]
        result = found(compare_by_relabelling(control, treatment, relabellings))
        covered.append(result.lower <= 0 <= result.upper)

    assert np.mean(covered) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 150)


@settings(deadline=None, max_examples=12)
@given(five_units, five_units)
def test_interval_and_p_value_agree_and_exchanging_the_arms_flips_the_sign(control, treatment):
    relabellings = all_relabellings(5, 5)
    forth = compare_by_relabelling(control, treatment, relabellings)
    back = compare_by_relabelling(treatment, control, relabellings)
    if isinstance(forth, NotComparable):
        assert back == forth
        return

    assert forth.excludes_zero == (forth.p_value <= 0.05 + 1e-12)
    assert (back.estimate, back.lower, back.upper) == pytest.approx(
        (-forth.estimate, -forth.upper, -forth.lower), abs=1e-6
    )
    assert back.p_value == forth.p_value


@settings(deadline=None, max_examples=12)
@given(five_units, five_units, st.integers(-(10**9), 10**9))
def test_shifting_all_outcomes_changes_nothing(control, treatment, shift):
    relabellings = all_relabellings(5, 5)
    plain = compare_by_relabelling(control, treatment, relabellings)

    shifted = compare_by_relabelling(
        [y + shift for y in control], [y + shift for y in treatment], relabellings
    )

    if isinstance(plain, NotComparable):
        assert shifted == plain
    else:
        assert shifted.p_value == plain.p_value
        assert (shifted.lower, shifted.upper) == pytest.approx((plain.lower, plain.upper), abs=1e-6)


@pytest.mark.parametrize("factor", [10**9, 10**140])
def test_values_of_any_size_are_compared_alike(factor):
    plain = found(compare_by_relabelling(CONTROL, TREATMENT, all_relabellings(6, 5)))

    large = found(
        compare_by_relabelling(
            [y * factor for y in CONTROL], [y * factor for y in TREATMENT], all_relabellings(6, 5)
        )
    )

    assert large.p_value == plain.p_value
    assert (large.lower / factor, large.upper / factor) == pytest.approx((plain.lower, plain.upper))


def test_cents_and_euros_differ_by_their_scale_only():
    cents = found(compare_by_relabelling(CONTROL, TREATMENT, all_relabellings(6, 5)))

    euros = found(compare_by_relabelling(CONTROL, TREATMENT, all_relabellings(6, 5), scale=2))

    assert (euros.estimate, euros.lower, euros.upper) == pytest.approx(
        (cents.estimate / 100, cents.lower / 100, cents.upper / 100)
    )
    assert euros.p_value == cents.p_value


def test_the_same_generator_draws_the_same_relabellings():
    first, second = (
        drawn_relabellings(9, 12, draws=99, generator=np.random.default_rng(4)) for _ in range(2)
    )

    assert np.array_equal(first.treated, second.treated)
    assert first.treated.shape == (100, 21)
    assert first.units == (9, 12)


def test_all_relabellings_are_all_of_them_once():
    treated = all_relabellings(4, 3).treated

    assert len({row.tobytes() for row in treated}) == len(treated) == 35
    assert treated[0].tolist() == [False] * 4 + [True] * 3


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        ([], [1, 2], Reason.NO_UNITS),
        ([1, 2, 3], [5], Reason.ONE_UNIT),
        ([7, 7, 7], [8, 8, 8], Reason.NO_VARIANCE),
        ([0, 10**160, 5], [0, 1, 2], Reason.OUT_OF_RANGE),
        # Twenty relabellings of three and three units: no p below 0.1.
        ([1, 2, 3], [8, 9, 7], Reason.NO_POSSIBLE_P_VALUE),
        ([1000, 1310, 870], [5020, 5180, 4990], Reason.NO_POSSIBLE_P_VALUE),
    ],
)
def test_what_cannot_be_compared_has_a_reason(control, treatment, reason):
    relabellings = all_relabellings(max(1, len(control)), max(1, len(treatment)))

    result = compare_by_relabelling(control, treatment, relabellings)

    assert isinstance(result, NotComparable)
    assert result.reason is reason


def test_three_units_per_arm_have_an_interval_at_the_level_they_can_bear():
    result = found(compare_by_relabelling([1, 2, 3], [8, 9, 7], all_relabellings(3, 3), level=0.89))

    assert result.p_value == pytest.approx(0.1)
    assert result.excludes_zero


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (
            lambda: compare_by_relabelling([1, 2.5], [3, 4], all_relabellings(2, 2)),
            "control[1] must be an exact integer, not 2.5",
        ),
        (
            lambda: compare_by_relabelling([1, 2], [3, float("nan")], all_relabellings(2, 2)),
            "treatment[1] must be an exact integer, not nan",
        ),
        (
            lambda: compare_by_relabelling([1, 2], [3, 4], all_relabellings(2, 3)),
            "relabellings must be of as many units as there are outcomes",
        ),
        (
            lambda: compare_by_relabelling([1, 2], [3, 4], all_relabellings(2, 2), level=1),
            "level must lie between 0 and 1, not 1",
        ),
        (
            lambda: all_relabellings(10, 10),
            "n_control and n_treatment allow 184756 relabellings: draw some of them",
        ),
        (lambda: all_relabellings(0, 3), "n_control must be at least 1, not 0"),
        (
            lambda: drawn_relabellings(3, 3, draws=10, generator=np.random.default_rng(0)),
            "draws must be at least 99, not 10",
        ),
        (
            lambda: Relabellings(np.array([[True, False]])),
            "treated[0] must be the real labels: control first",
        ),
        (
            lambda: Relabellings(np.array([[False, True], [True, True]])),
            "treated must have as many treated units in every row",
        ),
        (
            lambda: Relabellings(np.array([[0, 1]])),
            "treated must be a table of booleans, one row per relabelling",
        ),
    ],
)
def test_what_is_no_sample_is_refused(call, rule):
    with pytest.raises(ArgumentError) as refusal:
        call()

    assert str(refusal.value) == rule
