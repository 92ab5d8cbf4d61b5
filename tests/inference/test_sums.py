"""Sums of many cells equal the sums of each, whatever their size; days may be left out."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.exact import integers, quotients
from inference.moments import Moments, MomentsError
from inference.sums import DailySums, Sums

values = st.integers(-(10**30), 10**30)
moments = st.builds(Moments, st.integers(0, 10**12), *[values] * 8)
days = st.lists(st.tuples(st.integers(0, 3), moments, st.booleans()), max_size=12).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)


def total_of(rows: list[tuple[int, Moments]], cell: int) -> Moments:
    return sum((sums for number, sums in rows if number == cell), Moments.zero())


@given(days)
def test_days_add_up_to_the_last_digit(rows):
    listed = [(cell, sums) for cell, sums, _ in rows]

    total = DailySums.of(listed, cells=4).total()

    assert [total[cell] for cell in range(4)] == [total_of(listed, cell) for cell in range(4)]


@given(days)
def test_days_that_are_not_mature_are_left_out(rows):
    listed = [(cell, sums) for cell, sums, _ in rows]
    mature = np.array([is_mature for *_, is_mature in rows], dtype=bool)
    kept = [(cell, sums) for cell, sums, is_mature in rows if is_mature]

    total = DailySums.of(listed, cells=4).total(mature)

    assert [total[cell] for cell in range(4)] == [total_of(kept, cell) for cell in range(4)]


@pytest.mark.parametrize("cells", [[1, 0], [0, 4], [-1, 0]])
def test_rows_out_of_order_or_of_no_cell_are_refused(cells):
    with pytest.raises(ValueError, match="rows"):
        DailySums.of([(cell, Moments.of_outcome(1)) for cell in cells], cells=4)


def test_more_units_than_there_can_be_are_refused():
    with pytest.raises(MomentsError, match="n must be below"):
        Sums.of([Moments(2**63, 0, 0)]).counts()


@given(st.lists(st.fractions(), min_size=1), st.lists(st.fractions(), min_size=1))
def test_quotients_are_exact_until_they_are_floats(first, second):
    pairs = list(zip(first, second, strict=False))

    difference = quotients(a for a, _ in pairs) - quotients(b for _, b in pairs)

    assert [difference.fraction(row) for row in range(len(pairs))] == [a - b for a, b in pairs]
    assert list(difference.floats()) == [float(a - b) for a, b in pairs]


def test_a_number_beyond_floats_is_infinite_and_says_which_side():
    column = quotients([Fraction(10**400), Fraction(-(10**400)), Fraction(1, 3)])

    assert list(column.floats()) == [np.inf, -np.inf, 1 / 3]


def test_columns_hold_integers_of_any_size():
    assert integers([10**40, -1])[0] == 10**40
