"""Exact tests against scipy, their own definition by enumeration, and their promise of coverage."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from inference.arguments import ArgumentError
from inference.comparison import NotComparable, Reason
from inference.exact_tests import Shares, boschloo_p_value, compare_exactly, score_p_value
from inference.farrington_manning import most_likely_control
from inference.fisher import compare_odds, fisher_p_value
from tests.inference.samples import found

TABLES = [(7, 15, 12, 15), (0, 10, 3, 10), (1, 30, 6, 22), (5, 8, 0, 9), (2, 25, 9, 24)]


def shares_of(table: tuple[int, int, int, int]) -> Shares:
    return Shares(
        control_events=table[0],
        control=table[1],
        treatment_events=table[2],
        treatment=table[3],
    )


@st.composite
def any_shares(draw: st.DrawFn, largest: int = 12) -> Shares:
    control, treatment = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    return shares_of(
        (draw(st.integers(0, control)), control, draw(st.integers(0, treatment)), treatment)
    )


def rows_of(shares: Shares) -> list[list[int]]:
    return [
        [shares.treatment_events, shares.control_events],
        [shares.treatment - shares.treatment_events, shares.control - shares.control_events],
    ]


# The last one is the example of scipy's own documentation.
@pytest.mark.parametrize("table", [*TABLES, (31, 63, 74, 117)])
def test_boschloo_agrees_with_scipy(table):
    expected = stats.boschloo_exact(rows_of(shares_of(table)), n=64).pvalue

    assert boschloo_p_value(shares_of(table)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("table", TABLES)
def test_the_exact_score_test_of_no_difference_is_barnards(table):
    sides = [
        stats.barnard_exact(rows_of(shares_of(table)), alternative=side, pooled=True, n=512).pvalue
        for side in ("less", "greater")
    ]

    found_p = score_p_value(shares_of(table))

    # scipy samples the shares; where it misses the highest point it is lower, never higher.
    assert found_p == pytest.approx(min(1, 2 * min(sides)), rel=2e-3)
    assert found_p >= min(1, 2 * min(sides)) * (1 - 1e-7)


@pytest.mark.parametrize("difference", [-0.9, -0.3, -0.01, 0.02, 0.5, 0.97])
def test_the_restricted_shares_are_the_most_likely_ones(difference):
    shares = np.linspace(max(0, -difference), min(1, 1 - difference), 20_001)
    other = np.clip(shares + difference, 0, 1)
    for control, treatment in itertools.product(range(8), range(12)):
        likelihood = special.xlogy(control, shares) + special.xlogy(7 - control, 1 - shares)
        likelihood += special.xlogy(treatment, other) + special.xlogy(11 - treatment, 1 - other)

        likeliest = most_likely_control(
            np.array([control / 7]), np.array([treatment / 11]), 11 / 7, difference
        )

        assert likeliest[0] == pytest.approx(shares[likelihood.argmax()], abs=1e-4)


@pytest.mark.parametrize(("n_control", "n_treatment"), [(4, 4), (3, 6)])
def test_whatever_the_shares_are_the_interval_covers_their_difference(n_control, n_treatment):
    tables = list(itertools.product(range(n_control + 1), range(n_treatment + 1)))
    results = [
        found(compare_exactly(shares_of((control, n_control, treatment, n_treatment))))
        for control, treatment in tables
    ]
    lower = np.array([result.lower for result in results])
    upper = np.array([result.upper for result in results])
    for p, q in itertools.product(np.linspace(0.02, 0.98, 13), repeat=2):
        chances = np.outer(
            stats.binom.pmf(range(n_control + 1), n_control, p),
            stats.binom.pmf(range(n_treatment + 1), n_treatment, q),
        ).ravel()

        covered = chances[(lower <= q - p) & (q - p <= upper)].sum()

        assert covered >= 0.95 - 1e-9


def test_exact_is_not_useless_where_twelve_accounts_tell_everything():
    result = found(compare_exactly(shares_of((0, 6, 6, 6))))

    # Boschloo's supremum is at one half: twice 2^-12.
    assert result.p_value == pytest.approx(2 * 0.5**12)
    assert result.estimate == 1
    assert 0.4 < result.lower < 0.55


@settings(deadline=None, max_examples=15)
@given(any_shares())
def test_interval_and_p_value_agree_about_no_difference(shares):
    result = found(compare_exactly(shares))

    assert result.excludes_zero == (result.p_value <= 0.05)


@settings(deadline=None, max_examples=8)
@given(any_shares())
def test_exchanging_the_arms_flips_the_sign(shares):
    forth, back = found(compare_exactly(shares)), found(compare_exactly(shares.mirrored))

    assert (back.estimate, back.p_value) == pytest.approx((-forth.estimate, forth.p_value))
    assert (back.lower, back.upper) == pytest.approx((-forth.upper, -forth.lower), abs=1e-6)


@settings(deadline=None, max_examples=8)
@given(any_shares())
def test_counting_those_who_did_not_convert_flips_the_sign(shares):
    others = Shares(
        control_events=shares.control - shares.control_events,
        control=shares.control,
        treatment_events=shares.treatment - shares.treatment_events,
        treatment=shares.treatment,
    )
    forth, back = found(compare_exactly(shares)), found(compare_exactly(others))

    assert back.p_value == pytest.approx(forth.p_value, rel=1e-6)
    assert (back.lower, back.upper) == pytest.approx((-forth.upper, -forth.lower), abs=1e-5)


@settings(deadline=None)
@given(any_shares(25))
def test_fishers_customary_p_agrees_with_scipy(shares):
    expected = stats.fisher_exact(rows_of(shares)).pvalue

    assert fisher_p_value(shares) == pytest.approx(expected, rel=1e-9)


@settings(deadline=None, max_examples=25)
@given(any_shares(15))
def test_the_odds_ratio_agrees_with_scipy(shares):
    result = compare_odds(shares)
    if shares.control_events + shares.treatment_events in (0, shares.control + shares.treatment):
        assert result == NotComparable(Reason.TOO_FEW_EVENTS, "no unit or every unit converted")
        return
    reference = stats.contingency.odds_ratio(rows_of(shares))
    interval = reference.confidence_interval(0.95)
    sides = [stats.fisher_exact(rows_of(shares), alternative=a).pvalue for a in ("less", "greater")]
    odds = found(result)

    infinity = float("inf")
    assert (infinity if odds.estimate is None else odds.estimate) == pytest.approx(
        reference.statistic, rel=1e-6
    )
    assert odds.lower == pytest.approx(interval.low, rel=1e-6)
    assert (infinity if odds.upper is None else odds.upper) == pytest.approx(
        interval.high, rel=1e-6
    )
    assert odds.p_value == pytest.approx(min(1, 2 * min(sides)), rel=1e-9)


@settings(deadline=None)
@given(any_shares(20))
def test_odds_and_their_p_value_agree_about_no_difference(shares):
    result = compare_odds(shares)

    assert isinstance(result, NotComparable) or result.excludes_one == (result.p_value < 0.05)


def test_nobody_in_both_arms_bounds_the_difference_but_not_the_odds():
    nobody = shares_of((0, 20, 0, 20))

    difference = found(compare_exactly(nobody))

    assert difference.p_value == 1
    assert (difference.lower, difference.upper) == pytest.approx((-0.182, 0.182), abs=1e-3)
    assert isinstance(compare_odds(nobody), NotComparable)


@pytest.mark.parametrize("table", [(0, 0, 1, 2), (1, 2, 0, 0)])
def test_an_empty_arm_has_no_comparison(table):
    for result in (compare_exactly(shares_of(table)), compare_odds(shares_of(table))):
        assert isinstance(result, NotComparable)
        assert result.reason is Reason.NO_UNITS


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ((3, 2, 0, 2), "control_events must not be above control, 2"),
        ((0, 2, -1, 2), "treatment_events must be at least 0, not -1"),
        ((0, 2.0, 1, 2), "control must be an exact integer, not 2.0"),
        ((0, 2, True, 2), "treatment_events must be an integer, not a bool"),
        ((0, 201, 1, 2), "control must not be above 200 for an exact test"),
    ],
)
def test_impossible_counts_are_refused(table, rule):
    with pytest.raises(ArgumentError) as refusal:
        shares_of(table)

    assert str(refusal.value) == rule


@pytest.mark.parametrize("compare", [compare_exactly, compare_odds])
def test_a_level_that_is_none_is_refused(compare):
    with pytest.raises(ArgumentError, match=r"^level must lie between 0 and 1, not 95$"):
        compare(shares_of((1, 4, 2, 4)), level=95)
