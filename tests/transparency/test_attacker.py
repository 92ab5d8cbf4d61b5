"""The promise about small groups, attacked: every answer over time, put together and solved.

Accounts come in over several points in time, in two registered breakdowns at once. The attacker
gets every total and every figure of both breakdowns at all times, and asks about any filter over
values of both dimensions and any span of time.
"""

import itertools
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.transparency.attacker import Attacker, Spot
from transparency.editions import History, next_edition, shown
from transparency.small_cells import FEWEST_ACCOUNTS, is_small
from transparency.tables import Cell

K = FEWEST_ACCOUNTS
AT = datetime(2026, 3, 1, tzinfo=UTC)
ROWS, COLUMNS = 3, 3


class Arrivals(NamedTuple):
    """New accounts and new amounts by both dimensions and slice of time."""

    accounts: np.ndarray
    amounts: np.ndarray


@st.composite
def arrivals(draw: st.DrawFn, slices: int = 2) -> Arrivals:
    shape = (ROWS, COLUMNS, slices)
    few = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 9, 15])
    size = int(np.prod(shape))
    accounts = np.array(draw(st.lists(few, min_size=size, max_size=size))).reshape(shape)
    worth = st.sampled_from([0, 0, 1, 20, 175])
    each = np.array(draw(st.lists(worth, min_size=size, max_size=size))).reshape(shape)
    late = np.array(draw(st.lists(worth, min_size=size, max_size=size))).reshape(shape)
    # Amounts come with new accounts, and late ones to accounts that are there.
    return Arrivals(accounts, accounts * each + late * (accounts.cumsum(axis=2) > 0))


class Told(NamedTuple):
    """What the attacker was told of accounts and of amounts, and the slices that readings cut."""

    accounts: Attacker
    amounts: Attacker
    data: Arrivals


def told_by_editions(data: Arrivals) -> Told:
    """Let readings and both breakdowns follow the arrivals, and note every answer."""
    data = cut_into_readings(data)
    _, _, slices = data.accounts.shape
    empty = [spot for spot in np.ndindex(*data.accounts.shape) if nobody_ever(data, spot)]
    told = Told(*(Attacker(data.accounts.shape, empty) for _ in range(2)), data)
    for dimension in (0, 1):
        history = History()
        for at in range(slices):
            history = next_edition(history, groups_of(data, dimension, at), at=AT)
            hear_edition(told, dimension, at, history)
    for at in range(slices):
        hear(told, whole(at), at)
    return told


def cut_into_readings(data: Arrivals) -> Arrivals:
    """Join slices until each has brought k accounts: a reading follows another in such steps."""
    kept: list[list[int]] = []
    waiting: list[int] = []
    for at in range(data.accounts.shape[2]):
        waiting.append(at)
        if data.accounts[:, :, waiting].sum() >= K:
            kept.append(waiting)
            waiting = []
    joined = [
        np.stack([part[:, :, group].sum(axis=2) for group in kept], axis=2)
        if kept
        else np.zeros((ROWS, COLUMNS, 0), dtype=int)
        for part in data
    ]
    return Arrivals(*joined)


def nobody_ever(data: Arrivals, spot: Spot) -> bool:
    """A value that no account ever had in either dimension: everybody may know that."""
    row, column, _ = spot
    return not data.accounts[row].any() or not data.accounts[:, column].any()


def groups_of(data: Arrivals, dimension: int, at: int) -> dict[str, Cell]:
    accounts, amounts = (part[:, :, : at + 1].sum(axis=(1 - dimension, 2)) for part in data)
    return {
        str(number): Cell(int(accounts[number]), {"amount": int(amounts[number])})
        for number in range(len(accounts))
    }


def hear_edition(told: Told, dimension: int, at: int, history: History) -> None:
    for name in history.editions[-1].moved:
        own = [spot for spot in whole(at) if spot[dimension] == int(name)]
        assert shown(history)[name].cell == groups_of(told.data, dimension, at)[name]
        hear(told, own, at)


def hear(told: Told, spots: list[Spot], at: int) -> None:
    for attacker, part in ((told.accounts, told.data.accounts), (told.amounts, told.data.amounts)):
        attacker.hear(spots, int(sum(part[spot] for spot in spots)))


def whole(at: int) -> list[Spot]:
    return list(itertools.product(range(ROWS), range(COLUMNS), range(at + 1)))


SLOW = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@SLOW
@given(arrivals(slices=2))
def test_no_small_group_of_a_breakdown_follows_from_two_points_in_time(data):
    told = told_by_editions(data)

    assert_groups_are_open(told)


@settings(SLOW, max_examples=20)
@given(arrivals(slices=5))
def test_no_small_group_of_a_breakdown_follows_from_many_points_in_time(data):
    told = told_by_editions(data)

    assert_groups_are_open(told)


SOME = st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True)


@SLOW
@given(arrivals(slices=3), SOME, SOME, st.data())
def test_no_filter_over_both_dimensions_and_any_span_singles_out_a_small_group(
    data, rows, columns, choice
):
    told = told_by_editions(data)
    slices = told.data.accounts.shape[2]
    if slices == 0:
        return
    first = choice.draw(st.integers(0, slices - 1))
    last = choice.draw(st.integers(first, slices - 1))
    spots = list(itertools.product(rows, columns, range(first, last + 1)))
    accounts = int(sum(told.data.accounts[spot] for spot in spots))
    amount = int(sum(told.data.amounts[spot] for spot in spots))

    if is_small(accounts, K):
        least, most = told.accounts.limits(spots)
        assert most - least >= 1
        if amount:
            least, most = told.amounts.limits(spots, whole=False)
            assert most - least > 1e-6


def test_an_amount_that_came_between_two_readings_is_not_pinned_by_later_figures():
    accounts, amounts = np.zeros((3, 3, 3), dtype=int), np.zeros((3, 3, 3), dtype=int)
    accounts[0, 0, 0], accounts[2, 1], accounts[2, 2] = 9, (3, 3, 2), (9, 2, 3)
    # One amount, by three new accounts: the reading says when, the breakdown must not say whose.
    amounts[2, 2, 2] = 1

    assert_groups_are_open(told_by_editions(Arrivals(accounts, amounts)))


def assert_groups_are_open(told: Told) -> None:
    """Every small group of either dimension, at any time or between two: k accounts wide."""
    slices = told.data.accounts.shape[2]
    for dimension, value in itertools.product((0, 1), range(3)):
        for first, last in itertools.combinations_with_replacement(range(slices), 2):
            spots = [
                spot
                for spot in whole(slices - 1)
                if spot[dimension] == value and first <= spot[2] <= last
            ]
            assert_open(told, spots, neighbours=first == last or first == 0)


def assert_open(told: Told, spots: list[Spot], *, neighbours: bool) -> None:
    accounts = int(sum(told.data.accounts[spot] for spot in spots))
    if not is_small(accounts, K):
        return
    least, most = told.accounts.limits(spots)
    assert least <= accounts <= most
    assert most - least >= (K if neighbours else 1)
    amount = int(sum(told.data.amounts[spot] for spot in spots))
    if amount:
        least, most = told.amounts.limits(spots, whole=False)
        assert most - least >= (amount if neighbours else 0) * (1 - 1e-6)
        assert most > least


def test_the_attacker_finds_what_hiding_small_groups_alone_leaves_open():
    data = Arrivals(np.zeros((3, 3, 1), dtype=int), np.zeros((3, 3, 1), dtype=int))
    data.accounts[:, 0, 0] = (2, 9, 20)
    attacker = Attacker(data.accounts.shape)
    attacker.hear(whole(0), 31)
    for row, amount in ((1, 9), (2, 20)):
        attacker.hear([spot for spot in whole(0) if spot[0] == row], amount)

    limits = attacker.limits([spot for spot in whole(0) if spot[0] == 0])

    assert limits == (2, 2)


def test_the_attacker_finds_what_two_tables_of_different_days_leave_open():
    attacker = Attacker((3, 3, 2))
    for at, amounts in ((0, (10, 20, 30)), (1, (12, 25, 30))):
        for row, amount in enumerate(amounts):
            attacker.hear([spot for spot in whole(at) if spot[0] == row], amount)

    joined = [spot for spot in whole(1) if spot[0] == 0 and spot[2] == 1]

    assert attacker.limits(joined) == (2, 2)


@pytest.mark.parametrize("k", [3, 5, 10])
def test_the_same_arrivals_give_the_same_editions(k):
    groups = [{"a": Cell(2 * at), "b": Cell(9 * at), "c": Cell(7 * at)} for at in range(1, 9)]

    def released() -> History:
        history = History()
        for found in groups:
            history = next_edition(history, found, at=AT, k=k)
        return history

    assert released() == released()
    assert shown(released())
