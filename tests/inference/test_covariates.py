"""Several covariates against regression; missing, useless and unbalanced ones."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from inference.arguments import ArgumentError
from inference.comparison import NotComparable, Reason
from inference.covariate_moments import CovariateMoments, with_indicator
from inference.covariates import DropReason, adjust, compare_adjusted
from inference.cuped import adjusted_difference
from inference.elimination import solve_semidefinite
from inference.moments import MomentsError
from inference.sequences import compare_at_any_time
from inference.welch import welch
from tests.inference.samples import ends_of, found, moments_of


def covariate_moments(outcomes, covariates) -> CovariateMoments:
    y, x = np.array(outcomes, dtype=object), np.array(covariates, dtype=object)
    columns = sum(x), x.T @ x, x.T @ y
    return CovariateMoments(len(y), sum(y), y @ y, *map(rows_of, columns))


def rows_of(array):
    return tuple(rows_of(row) if isinstance(row, np.ndarray) else int(row) for row in array)


def by_arm(arm, outcomes, covariates) -> tuple[CovariateMoments, CovariateMoments]:
    control, treatment = (
        covariate_moments(outcomes[arm == side], covariates[arm == side]) for side in (0, 1)
    )
    return control, treatment


@pytest.fixture
def sample():
    generator = np.random.default_rng(20240602)
    arm = np.repeat([0, 1], [90, 60])
    covariates = generator.integers(0, 100, (150, 3))
    covariates[:, 2] += covariates[:, 0]
    noise = generator.integers(-30, 31, 150)
    return arm, covariates @ [3, -1, 2] + 20 * arm + noise, covariates


def regression(arm, outcomes, covariates):
    return sm.OLS(outcomes, sm.add_constant(np.column_stack([arm, covariates]))).fit()


def test_the_difference_and_the_slopes_are_those_of_the_regression(sample):
    fit = regression(*sample)

    adjustment = found(adjust(*by_arm(*sample)))
    result = found(compare_adjusted(*by_arm(*sample)))

    assert result.estimate == pytest.approx(fit.params[1], rel=1e-9)
    assert [float(slope) for slope in adjustment.slopes] == pytest.approx(fit.params[2:], rel=1e-9)
    assert adjustment.dropped == ()


def test_the_standard_error_is_hc2_of_the_adjusted_outcomes_on_the_arm(sample):
    arm, outcomes, covariates = sample
    adjusted = outcomes - covariates @ regression(*sample).params[2:]
    fit = sm.OLS(adjusted, sm.add_constant(arm)).fit(cov_type="HC2")

    result = found(compare_adjusted(*by_arm(*sample)))

    assert result.standard_error == pytest.approx(fit.bse[1], rel=1e-9)


def test_the_error_of_the_regression_is_larger_by_what_estimating_the_slopes_costs():
    # Even arms: the two differ by (N−2)/(N−2−k) and by the distance of the arms, and no more.
    generator = np.random.default_rng(5)
    arm, covariates = np.repeat([0, 1], 40), generator.integers(0, 50, (80, 2))
    outcomes = covariates @ [2, 1] + generator.integers(-20, 21, 80)
    centred = covariates - np.array([covariates[arm == side].mean(axis=0) for side in (0, 1)])[arm]
    distance = covariates[arm == 1].mean(axis=0) - covariates[arm == 0].mean(axis=0)
    leverage = 20 * distance @ np.linalg.solve(centred.T @ centred, distance)

    result = found(compare_adjusted(*by_arm(arm, outcomes, covariates)))

    expected = result.standard_error * np.sqrt(78 / 76 * (1 + leverage))
    assert regression(arm, outcomes, covariates).bse[1] == pytest.approx(expected, rel=1e-9)


def test_one_covariate_gives_what_one_covariate_gives(sample):
    arm, outcomes, covariates = sample
    single = covariates[:, :1]
    sides = [moments_of(outcomes[arm == side], single[arm == side, 0]) for side in (0, 1)]
    expected = found(welch(adjusted_difference(*sides, scale=2), alpha=0.1)[0])

    result = found(compare_adjusted(*by_arm(arm, outcomes, single), level=0.9, scale=2))

    assert (result.method, result.n_control, result.n_treatment) == (expected.method, 90, 60)
    for figure in ("estimate", "lower", "upper", "standard_error", "df", "p_value"):
        assert getattr(result, figure) == pytest.approx(getattr(expected, figure), rel=1e-9)


def test_adjusted_arms_go_into_every_method_for_means(sample):
    adjustment = found(adjust(*by_arm(*sample)))

    watched = found(
        compare_at_any_time(adjustment.control, adjustment.treatment, planned_units=150)
    )

    assert watched.estimate == pytest.approx(regression(*sample).params[1], rel=1e-9)


def test_the_slopes_are_not_pooled_over_arms_that_differ():
    # All of the difference is effect; within each arm the covariates say nothing.
    covariates = np.array([[1, 0], [1, 1], [4, 0], [4, 1]] * 6)
    outcomes = np.repeat([0, 1], 12)
    control = covariate_moments(outcomes, covariates)
    treatment = covariate_moments(outcomes + 10, covariates + np.array([1, 0]))

    assert found(compare_adjusted(control, treatment)).estimate == 10


def test_values_around_a_billion_keep_their_digits(sample):
    arm, outcomes, covariates = sample

    plain = found(compare_adjusted(*by_arm(arm, outcomes, covariates)))
    far = found(compare_adjusted(*by_arm(arm, outcomes + 10**12, covariates + 10**12)))

    assert (far.estimate, *ends_of(far)) == (plain.estimate, *ends_of(plain))


def test_a_constant_and_a_combination_are_dropped_and_said_so(sample):
    arm, outcomes, covariates = sample
    combination = covariates[:, 0] + 2 * covariates[:, 1] - 7
    more = np.column_stack([np.full(150, 4), covariates, combination])

    adjustment = found(adjust(*by_arm(arm, outcomes, more)))

    assert [(one.place, one.reason) for one in adjustment.dropped] == [
        (0, DropReason.CONSTANT),
        (4, DropReason.COMBINATION),
    ]
    assert adjustment.slopes[0] == adjustment.slopes[4] == 0
    expected = found(adjust(*by_arm(*sample)))
    assert (adjustment.control, adjustment.treatment) == (expected.control, expected.treatment)


def test_a_missing_covariate_stays_in_as_a_constant_with_an_indicator(sample):
    arm, outcomes, covariates = sample
    is_missing = np.arange(150) % 7 == 3
    filled = np.column_stack(
        [np.where(is_missing, 55, covariates[:, 0]), is_missing, covariates[:, 1]]
    )
    rows = [
        with_indicator([None if missing else int(x[0]), int(x[1])])
        for x, missing in zip(covariates, is_missing, strict=True)
    ]
    fit = regression(arm, outcomes, filled)

    adjustment = found(adjust(*by_arm(arm, outcomes, np.array(rows))))
    result = found(compare_adjusted(*by_arm(arm, outcomes, np.array(rows))))

    assert result.n_control + result.n_treatment == 150
    assert result.estimate == pytest.approx(fit.params[1], rel=1e-9)
    assert [(one.place, one.reason) for one in adjustment.dropped] == [(3, DropReason.CONSTANT)]


def test_a_value_and_its_absence_are_two_columns():
    assert with_indicator([12, None, 0]) == (12, 0, 0, 1, 0, 0)


def test_an_imbalance_of_one_covariate_gives_no_figure(sample):
    arm, outcomes, covariates = sample
    shifted = covariates + np.outer(arm, [0, 60, 0])

    result = compare_adjusted(*by_arm(arm, outcomes, shifted))

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.COVARIATE_IMBALANCE


def test_an_imbalance_of_all_covariates_together_gives_no_figure():
    # Two columns that are nearly the same: each is balanced, their difference is not.
    generator = np.random.default_rng(10)
    arm, first = np.repeat([0, 1], 60), generator.integers(0, 1000, 120)
    second = first + generator.integers(-3, 4, 120) + 3 * arm
    covariates, outcomes = np.column_stack([first, second]), first + 5 * arm
    for column in covariates.T:
        assert stats.ttest_ind(column[arm == 0], column[arm == 1]).pvalue > 0.01

    result = compare_adjusted(*by_arm(arm, outcomes, covariates))

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.COVARIATE_IMBALANCE


def test_the_joint_p_value_is_hotellings(sample):
    arm, outcomes, covariates = sample
    # The F test of "no covariate is related to the arm" is Hotelling's.
    fit = sm.OLS(arm, sm.add_constant(covariates)).fit()

    adjustment = found(adjust(*by_arm(arm, outcomes, covariates)))

    assert adjustment.imbalance_p_value == pytest.approx(fit.f_pvalue, rel=1e-9)


def test_a_covariate_that_is_the_arm_is_an_imbalance_among_many_and_useless_among_few():
    def pair(units):
        outcomes = np.arange(2 * units) % 5
        arm = np.repeat([0, 1], units)
        return by_arm(arm, outcomes, np.column_stack([arm, arm]))

    many, few = compare_adjusted(*pair(30)), compare_adjusted(*pair(4))

    assert isinstance(many, NotComparable)
    assert many.reason is Reason.COVARIATE_IMBALANCE
    assert isinstance(few, NotComparable)
    assert few.reason is Reason.NO_COVARIATE


@pytest.mark.parametrize(
    ("units", "covariates", "reason"),
    [
        ((0, 30), 2, Reason.NO_UNITS),
        ((1, 30), 2, Reason.ONE_UNIT),
        ((19, 20), 2, Reason.TOO_FEW_UNITS),
        ((9, 10), 1, Reason.TOO_FEW_UNITS),
    ],
)
def test_too_few_units_for_their_covariates_have_a_reason(units, covariates, reason):
    def side(n):
        outcomes, columns = np.arange(n) % 7, np.arange(n * covariates).reshape(n, covariates) % 11
        return covariate_moments(outcomes, columns) if n else CovariateMoments.zero(covariates)

    result = compare_adjusted(*map(side, units))

    assert isinstance(result, NotComparable)
    assert result.reason is reason


def test_values_beyond_floats_have_a_reason():
    outcomes, columns = np.arange(40) % 7, np.arange(40) % 11
    huge = [
        CovariateMoments.of_unit(int(y), [int(x) * 10**200])
        for y, x in zip(outcomes, columns, strict=True)
    ]
    side = sum(huge[1:], huge[0])

    result = compare_adjusted(side, side)

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.OUT_OF_RANGE


def test_false_alarms_stay_near_five_per_cent_with_as_few_units_as_allowed():
    generator = np.random.default_rng(31)
    arm, runs, alarms = np.repeat([0, 1], 30), 600, 0
    for _ in range(runs):
        covariates = generator.integers(0, 100, (60, 3))
        outcomes = covariates @ [1, 2, 3] + generator.normal(0, 80, 60).astype(int)
        result = compare_adjusted(*by_arm(arm, outcomes, covariates))
        alarms += not isinstance(result, NotComparable) and result.excludes_zero

    assert 0.02 <= alarms / runs <= 0.095


rows = st.tuples(
    st.integers(-(10**9), 10**9), st.lists(st.integers(-99, 99), min_size=3, max_size=3)
)


@given(st.lists(rows, min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_merging_does_not_matter_and_every_sample_passes_the_check(units, random):
    whole = sum((CovariateMoments.of_unit(*unit) for unit in units), CovariateMoments.zero(3))
    shuffled = random.sample(units, len(units))
    cut = random.randint(1, len(units) - 1)

    merged = covariate_moments(*zip(*shuffled[cut:], strict=True)) + covariate_moments(
        *zip(*shuffled[:cut], strict=True)
    )

    assert merged == whole == whole + CovariateMoments.zero(3)
    assert CovariateMoments.checked(*(getattr(whole, f) for f in whole.__struct_fields__)) == whole


def test_integral_decimals_are_taken():
    sums = Decimal(2), Decimal("3.0"), 5, [Decimal(3)], [[Decimal("5.00")]], [4]

    assert CovariateMoments.checked(*sums) == CovariateMoments(2, 3, 5, (3,), ((5,),), (4,))


ONE = ((1,), ((1,),), (1,))
TWO_FLAT = ((0, 0), ((2, 2), (2, 2)), (2, -2))


@pytest.mark.parametrize(
    ("sums", "argument", "rule"),
    [
        ((1.0, 1, 1, *ONE), "n", "must be an exact integer, not 1.0"),
        ((1, 1, float("nan"), *ONE), "sum_yy", "must be an exact integer, not nan"),
        ((1, 1, 1, (0.5,), ((1,),), (1,)), "sum_x[0]", "must be an exact integer, not 0.5"),
        ((1, 1, 1, (1,), ((True,),), (1,)), "sum_xx[0][0]", "must be an exact integer, not True"),
        ((1, 1, 1, (), (), ()), "sum_x", "must have at least one covariate"),
        ((1, 1, 1, (1,), ((1,),), ()), "sum_xy", "must have 1 values as sum_x, not 0"),
        (
            (1, 1, 1, (1,), ((1, 1),), (1,)),
            "sum_xx",
            "must have 1 rows of 1 values, as sum_x has 1",
        ),
        ((2, 0, 2, (0, 0), ((2, 1), (2, 2)), (0, 0)), "sum_xx[1][0]", "must equal sum_xx[0][1]"),
        ((-1, 1, 1, *ONE), "n", "must not be negative"),
        ((0, 0, 1, (0,), ((0,),), (0,)), "n", "must be above 0 where a sum is not 0"),
        ((2, 3, 4, (0,), ((0,),), (0,)), "sum_yy", "is too small: n·Σv² must be at least (Σv)²"),
        ((2, 0, 0, (3,), ((4,),), (0,)), "sum_xx[0][0]", "is too small: n·Σv² must be"),
        ((2, 0, 2, (0,), ((2,),), (3,)), "sum_xy[0]", "is larger than the spreads"),
        ((3, 0, 2, (0, 0), ((2, 3), (3, 2)), (0, 0)), "sum_xx[0][1]", "is larger than the spreads"),
        ((3, 0, 2, *TWO_FLAT), "sum_xx", "and sum_xy contradict each other"),
        ((2, 0, 2, (0,), ((2,),), (0,)), "n", "must be above 2 for values that vary in 2"),
    ],
)
def test_sums_that_cannot_be_are_refused_by_argument_and_rule(sums, argument, rule):
    with pytest.raises(MomentsError) as refusal:
        CovariateMoments.checked(*sums)

    assert refusal.value.argument == argument
    assert refusal.value.rule.startswith(rule)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CovariateMoments.of_unit(1.5, [1]), "y must be an exact integer, not 1.5"),
        (lambda: CovariateMoments.of_unit(1, [1, 0.5]), r"x\[1\] must be an exact integer"),
        (lambda: CovariateMoments.zero(0), "covariates must be at least 1, not 0"),
        (lambda: with_indicator([None, 1.5]), r"values\[1\] must be an exact integer, not 1.5"),
        (
            lambda: CovariateMoments.zero(1) + CovariateMoments.zero(2),
            "sum_x must have 1 covariates, not 2",
        ),
    ],
)
def test_units_that_are_not_exact_are_refused(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


def test_arms_with_other_covariates_are_refused():
    with pytest.raises(ArgumentError, match=r"^treatment must have 1 covariates, not 2$"):
        adjust(CovariateMoments.zero(1), CovariateMoments.zero(2))


def test_a_level_that_is_none_is_refused():
    with pytest.raises(ArgumentError, match=r"^level must lie between 0 and 1, not 1$"):
        compare_adjusted(CovariateMoments.zero(1), CovariateMoments.zero(1), level=1)


def test_elimination_solves_exactly_and_keeps_earlier_columns():
    eliminated = solve_semidefinite(
        [[4, 2, 2], [2, 1, 1], [2, 1, 3]], list(map(Fraction, (2, 1, 3)))
    )

    assert eliminated.kept == (0, 2)
    assert eliminated.solutions[0].x == (0, 0, 1)
    assert eliminated.solutions[0].leftover == (0, 0, 0)


def test_elimination_refuses_a_negative_direction():
    with pytest.raises(ValueError, match="no negative direction"):
        solve_semidefinite([[1, 2], [2, 1]])
