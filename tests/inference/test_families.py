"""Corrections for many questions: against statsmodels, and in agreement with their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from inference.families import benjamini_hochberg, holm

p_values = st.lists(st.floats(1e-12, 1), min_size=1, max_size=12)
METHODS = [(holm, "holm"), (benjamini_hochberg, "fdr_bh")]


def corrected(method, p, families=None):
    families = [0] * len(p) if families is None else families
    return method(np.array(p), np.array(families), np.full(len(p), 0.05))


@pytest.mark.parametrize(("method", "name"), METHODS)
@given(p_values)
def test_p_values_and_findings_are_those_of_statsmodels(method, name, p):
    found, expected, *_ = multipletests(p, 0.05, method=name)

    result = corrected(method, p)

    assert result.p_value == pytest.approx(expected, rel=1e-9)
    assert list(np.array(p) <= result.alpha) == list(found)


@pytest.mark.parametrize(("method", "_"), METHODS)
@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1)), max_size=20))
def test_each_family_is_corrected_by_itself(method, _, rows):
    families, p = [family for family, _ in rows], [value for _, value in rows]

    together = corrected(method, p, families)

    for family in set(families):
        own = [row for row, number in enumerate(families) if number == family]
        alone = corrected(method, [p[row] for row in own])
        assert together.alpha[own] == pytest.approx(alone.alpha)
        assert together.p_value[own] == pytest.approx(alone.p_value)


@pytest.mark.parametrize(("method", "_"), METHODS)
def test_one_question_is_not_corrected(method, _):
    result = corrected(method, [0.03])

    assert (result.alpha[0], result.p_value[0]) == (0.05, 0.03)


def test_holm_gives_each_finding_the_alpha_of_its_step_and_the_rest_that_of_the_failed_one():
    result = corrected(holm, [0.6, 0.001, 0.02, 0.5])

    assert result.alpha == pytest.approx([0.05 / 3, 0.05 / 4, 0.05 / 3, 0.05 / 3])


def test_the_share_of_false_findings_gives_all_of_a_family_one_alpha():
    result = corrected(benjamini_hochberg, [0.6, 0.001, 0.02, 0.5])

    assert result.alpha == pytest.approx([0.05 * 2 / 4] * 4)


def test_a_missing_p_value_counts_as_a_question_that_found_nothing():
    result = corrected(holm, [0.02, 1.0, 1.0])

    assert result.p_value[0] == pytest.approx(0.06)
