"""Shrunken shares against the beta-binomial of scipy, and where there is nothing to fit."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from inference.arguments import ArgumentError
from inference.empirical_bayes import Group, shrink
from inference.proportions import wilson

# Accepted leads of ten campaigns, made to differ more than chance lets them.
GROUPS = [
    Group(events, n)
    for events, n in [
        (3, 40), (14, 50), (1, 12), (0, 5), (30, 90), (7, 60), (2, 2), (18, 45), (5, 70), (9, 30),
    ]
]  # fmt: skip
group_lists = st.lists(
    st.integers(0, 30).flatmap(lambda n: st.builds(Group, st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=8,
)


def log_likelihood(groups: list[Group], a: float, b: float) -> float:
    return sum(stats.betabinom.logpmf(group.events, group.n, a, b) for group in groups)


def test_no_other_prior_is_likelier():
    prior = shrink(GROUPS).prior
    best = log_likelihood(GROUPS, *prior)

    for shift_a, shift_b in itertools.product((-0.3, -0.01, 0, 0.01, 0.3), repeat=2):
        other = prior[0] * math.exp(shift_a), prior[1] * math.exp(shift_b)
        assert log_likelihood(GROUPS, *other) <= best + 1e-9


def test_a_share_is_the_mean_of_its_posterior_and_its_interval_the_quantiles():
    shrunken = shrink(GROUPS)
    a, b = shrunken.prior

    for group, share in zip(GROUPS, shrunken.shares, strict=True):
        posterior = stats.beta(group.events + a, group.n - group.events + b)
        assert share.share == pytest.approx(posterior.mean(), rel=1e-9)
        assert (share.interval.lower, share.interval.upper) == pytest.approx(
            posterior.interval(0.95), rel=1e-6
        )


def test_two_of_two_are_drawn_further_than_thirty_of_ninety():
    shrunken = shrink(GROUPS)

    moved = [
        abs(share.share - group.events / group.n)
        for group, share in zip(GROUPS, shrunken.shares, strict=True)
    ]

    assert moved[6] > 0.4 > 0.05 > moved[4]
    assert shrunken.shares[6].share < 1


def test_the_prior_that_made_the_groups_is_found_again():
    random = np.random.default_rng(21)
    shares = random.beta(6, 14, 4000)
    groups = [Group(int(random.binomial(40, share)), 40) for share in shares]

    a, b = shrink(groups).prior

    assert (a / (a + b), a + b) == pytest.approx((0.3, 20), rel=0.08)


def test_groups_that_differ_less_than_chance_show_the_share_of_all():
    shrunken = shrink([Group(10, 50), Group(10, 50), Group(11, 50), Group(9, 50)])

    assert shrunken.prior is None
    assert {share.share for share in shrunken.shares} == {0.2}
    assert shrunken.shares[0].interval == wilson(40, 200)


@pytest.mark.parametrize(
    "groups",
    [
        [Group(0, 12), Group(0, 3), Group(0, 40)],
        [Group(12, 12), Group(3, 3)],
        [Group(4, 17)],
    ],
    ids=["no events", "all events", "one group"],
)
def test_where_nothing_can_differ_all_is_pooled(groups):
    events, n = sum(g.events for g in groups), sum(g.n for g in groups)

    shrunken = shrink(groups)

    assert shrunken.prior is None
    for share in shrunken.shares:
        assert share.share == events / n
        assert share.interval == wilson(events, n)


def test_a_group_without_units_shows_the_prior():
    shrunken = shrink([*GROUPS, Group(0, 0)])
    a, b = shrunken.prior

    assert shrunken.shares[-1].share == pytest.approx(a / (a + b))
    assert shrunken.prior == pytest.approx(shrink(GROUPS).prior, rel=1e-6)


def test_groups_that_are_all_or_nothing_keep_their_shares():
    shrunken = shrink([Group(0, 20), Group(20, 20), Group(0, 20), Group(20, 20)])

    assert shrunken.shares[0].share < 0.03
    assert shrunken.shares[1].share > 0.97


@pytest.mark.parametrize("groups", [[], [Group(0, 0), Group(0, 0)]])
def test_without_units_there_is_nothing_to_show(groups):
    assert shrink(groups) is None


@settings(deadline=None, max_examples=25)
@given(group_lists)
def test_every_share_is_a_share_inside_its_interval_and_order_does_not_matter(groups):
    shrunken = shrink(groups)
    if shrunken is None:
        assert all(group.n == 0 for group in groups)
        return
    backwards = shrink(groups[::-1])

    for share, other in zip(shrunken.shares, backwards.shares[::-1], strict=True):
        assert 0 <= share.interval.lower <= share.share <= share.interval.upper <= 1
        assert share.interval.lower < share.interval.upper
        assert other.share == pytest.approx(share.share, abs=1e-3)


@pytest.mark.parametrize(
    ("groups", "rule"),
    [
        ([Group(1, 2), Group(3, 2)], "groups[1].events must not be above n, 2"),
        ([Group(-1, 2)], "groups[0].events must be at least 0, not -1"),
        ([Group(1, 2.0)], "groups[0].n must be an exact integer, not 2.0"),
    ],
)
def test_an_impossible_group_is_refused(groups, rule):
    with pytest.raises(ArgumentError) as refusal:
        shrink(groups)

    assert str(refusal.value) == rule


def test_a_level_that_is_none_is_refused():
    with pytest.raises(ArgumentError, match=r"^level must lie between 0 and 1, not 95$"):
        shrink(GROUPS, level=95)
