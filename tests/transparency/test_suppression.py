"""Small groups in one table: hidden with whatever they follow from, held against an own audit."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.transparency.attacker import Attacker
from transparency.small_cells import FEWEST_ACCOUNTS, is_small
from transparency.suppression import Suppressed, suppress
from transparency.tables import Cell, Table, TableError

K = FEWEST_ACCOUNTS


def table_of(accounts: Sequence[Sequence[int]], each: int = 3) -> Table:
    return Table(
        rows=tuple(f"r{number}" for number in range(len(accounts))),
        columns=tuple(f"c{number}" for number in range(len(accounts[0]))),
        cells=tuple(tuple(Cell(n, {"deals": n * each}) for n in row) for row in accounts),
    )


def accounts_of(cells: Sequence[Cell | None]) -> list[int | None]:
    return [None if cell is None else cell.accounts for cell in cells]


def grid_of(found: Suppressed) -> list[list[int | None]]:
    return [accounts_of(row) for row in found.cells]


@pytest.mark.parametrize(
    ("accounts", "expected", "total"),
    [
        # Nothing is small: nothing is hidden.
        ([[5], [9], [20]], [[5], [9], [20]], 34),
        # A small group takes the next one along, else it is the total minus the others.
        ([[1], [9], [20]], [[None], [None], [20]], 30),
        # Two small ones are five together: 2 and 3 are all but known, so a third goes.
        ([[2], [3], [20]], [[None], [None], [None]], 25),
        # An empty group is shown and hides nobody.
        ([[1], [0], [9], [30]], [[None], [0], [None], [30]], 40),
        ([[1], [0], [20]], [[None], [0], [None]], 21),
        # Where there is not enough to hide behind, the total goes.
        ([[1], [5], [0]], [[None], [None], [0]], None),
        # A total that is small itself.
        ([[3], [0], [0]], [[None], [0], [0]], None),
        ([[1], [1], [1]], [[None], [None], [None]], None),
    ],
)
def test_tables_of_one_dimension(accounts, expected, total):
    found = suppress(table_of(accounts))

    assert grid_of(found) == expected
    assert found.total == found.column_totals[0]
    assert (found.total and found.total.accounts) == total


def test_two_hidden_in_every_row_and_column_are_not_proof():
    # Rows and columns with two hidden numbers each, and still a single solution: all are small.
    accounts = [[1, 1, 40], [1, 1, 40], [40, 40, 40]]

    found = suppress(table_of(accounts))

    assert_open(accounts, found)
    hidden = sum(n is None for row in grid_of(found) for n in row)
    assert hidden > 4 or None in accounts_of([*found.row_totals, *found.column_totals])


def test_values_of_hidden_groups_are_hidden_and_do_not_follow_from_totals():
    found = suppress(table_of([[1], [9], [20]]))

    assert [row[0] and row[0].values for row in found.cells] == [None, None, {"deals": 60}]
    assert found.total == Cell(30, {"deals": 90})
    # What follows is the sum of both hidden groups: ten accounts, 30 deals.


def test_a_row_with_a_hidden_cell_has_no_values_in_its_total():
    found = suppress(table_of([[2, 30, 9], [20, 14, 11], [8, 7, 30]]))

    for row, total in zip(found.cells, found.row_totals, strict=True):
        if total is not None:
            assert bool(total.values) == (None not in row)


@pytest.mark.parametrize(
    ("rows", "columns", "cells", "complaint"),
    [
        ((), ("c",), (), "rows: at least one"),
        (("r", "r"), ("c",), ((Cell(1),), (Cell(1),)), "rows: at least one, and every one once"),
        (("r",), ("c", "c"), ((Cell(1), Cell(1)),), "columns:"),
        (("r",), ("c",), ((Cell(1), Cell(2)),), "cells: one for every row and column"),
    ],
)
def test_a_table_that_does_not_fit_together_is_refused(rows, columns, cells, complaint):
    with pytest.raises(TableError, match=complaint):
        Table(rows, columns, cells)


@pytest.mark.parametrize(
    ("accounts", "values", "complaint"),
    [
        (-1, {}, "accounts: not below 0"),
        (3, {"deals": -1}, r"values\.deals: not below 0"),
        (0, {"deals": 1}, r"values\.deals: 0 where there are no accounts"),
    ],
)
def test_a_group_that_cannot_be_is_refused(accounts, values, complaint):
    with pytest.raises(TableError, match=complaint):
        Cell(accounts, values)


FEW = st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 8, 11, 20, 40])


@st.composite
def tables(draw: st.DrawFn) -> list[list[int]]:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return [draw(st.lists(FEW, min_size=columns, max_size=columns)) for _ in range(rows)]


def attacker_of(accounts: Sequence[Sequence[int]], found: Suppressed) -> Attacker:
    """Hear everything that is shown, know that hidden numbers are of at least one account."""
    rows, columns = len(accounts), len(accounts[0])
    empty = [(r, c, 0) for r in range(rows) for c in range(columns) if accounts[r][c] == 0]
    attacker = Attacker((rows, columns, 1), empty)
    for spots, amount in shown_of(found):
        attacker.hear(spots, amount)
    for r, c in itertools.product(range(rows), range(columns)):
        if grid_of(found)[r][c] is None:
            attacker.at_least_one.add((r, c, 0))
    return attacker


def shown_of(found: Suppressed) -> Iterator[tuple[list[tuple[int, int, int]], int]]:
    rows, columns = range(len(found.rows)), range(len(found.columns))
    for r, c in itertools.product(rows, columns):
        if (cell := found.cells[r][c]) is not None:
            yield [(r, c, 0)], cell.accounts
    for r in rows:
        if (total := found.row_totals[r]) is not None:
            yield [(r, c, 0) for c in columns], total.accounts
    for c in columns:
        if (total := found.column_totals[c]) is not None:
            yield [(r, c, 0) for r in rows], total.accounts
    if found.total is not None:
        yield [(r, c, 0) for r, c in itertools.product(rows, columns)], found.total.accounts


def assert_open(accounts: Sequence[Sequence[int]], found: Suppressed) -> None:
    attacker = attacker_of(accounts, found)
    for r, c in itertools.product(range(len(found.rows)), range(len(found.columns))):
        if found.cells[r][c] is None:
            least, most = attacker.limits([(r, c, 0)])
            assert most - least >= K
    everything = [(r, c, 0) for r in range(len(found.rows)) for c in range(len(found.columns))]
    margins = [
        *(([s for s in everything if s[0] == r], t) for r, t in enumerate(found.row_totals)),
        *(([s for s in everything if s[1] == c], t) for c, t in enumerate(found.column_totals)),
        (everything, found.total),
    ]
    for spots, total in margins:
        if total is None:
            least, most = attacker.limits(spots)
            assert most - least >= K


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
def test_whatever_is_shown_leaves_every_hidden_number_k_wide(accounts):
    found = suppress(table_of(accounts))

    assert_open(accounts, found)
    for row, shown in zip(accounts, grid_of(found), strict=True):
        assert all(
            s is None or (s == n and not is_small(n)) for n, s in zip(row, shown, strict=True)
        )
    totals = [*found.row_totals, *found.column_totals, found.total]
    assert not any(total is not None and is_small(total.accounts) for total in totals)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
def test_values_of_a_small_group_are_never_known_unless_all_of_its_kind_are_zero(accounts):
    table = table_of(accounts, each=1)
    found = suppress(table)
    rows, columns = range(len(found.rows)), range(len(found.columns))
    attacker = Attacker((len(rows), len(columns), 1))
    everything = list(itertools.product(rows, columns, (0,)))
    shown = [
        *(([(r, c, 0)], found.cells[r][c]) for r in rows for c in columns),
        *(([s for s in everything if s[0] == r], t) for r, t in enumerate(found.row_totals)),
        *(([s for s in everything if s[1] == c], t) for c, t in enumerate(found.column_totals)),
        (everything, found.total),
    ]
    for spots, cell in shown:
        if cell is not None and "deals" in cell.values:
            attacker.hear(spots, cell.values["deals"])

    for r, c in itertools.product(rows, columns):
        if is_small(accounts[r][c]):
            least, most = attacker.limits([(r, c, 0)])
            assert most - least >= table.cells[r][c].values["deals"]


@pytest.mark.parametrize("groups", [2, 3])
def test_even_who_knows_how_it_is_done_is_left_with_a_choice(groups):
    """Every table of few groups up to a size: what else would have looked the same?"""
    k, largest = 3, 9
    looks = defaultdict(list)
    for accounts in itertools.product(range(largest), repeat=groups):
        found = suppress(table_of([[n] for n in accounts]), k)
        total = found.total.accounts if found.total else None
        looks[(*(row[0] for row in grid_of(found)), total)].append(accounts)

    singled_out = [
        accounts
        for same in looks.values()
        for accounts in same
        for at, n in enumerate(accounts)
        if sum(accounts) < largest  # all that would look the same is among those tried
        if is_small(n, k) and len({other[at] for other in same}) < 2
    ]

    assert singled_out == []
