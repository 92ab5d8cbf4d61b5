"""Design effect and intraclass correlation against their definitions and a published example."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inference.arguments import ArgumentError
from inference.clusters import Account, Clusters, intraclass_correlation


def accounts_of(outcomes: list[list[int]]) -> list[Account]:
    return [Account(len(one), sum(one), sum(y * y for y in one)) for one in outcomes]


def test_the_design_effect_is_that_of_eldridge():
    # 1 + ((1 + 0.6²)·5 − 1)·0.3
    clusters = Clusters(mean_size=5, intraclass_correlation=0.3, size_variation=0.6)

    assert clusters.design_effect == pytest.approx(2.74)


def test_contacts_that_are_not_alike_lose_nothing():
    assert Clusters(mean_size=5, intraclass_correlation=0).design_effect == 1


def test_accounts_are_never_rounded_down():
    clusters = Clusters(mean_size=2.5, intraclass_correlation=0.1)

    assert [clusters.accounts_for(contacts) for contacts in (0, 5, 6)] == [0, 2, 3]


def test_the_correlation_is_that_of_the_published_ratings():
    # Shrout & Fleiss 1979, table 2: six targets, four judges, one-way ICC(1,1) = 0.17.
    ratings = [
        [9, 2, 5, 8],
        [6, 1, 3, 2],
        [8, 4, 6, 8],
        [7, 1, 2, 6],
        [10, 5, 6, 9],
        [6, 2, 4, 7],
    ]

    assert intraclass_correlation(accounts_of(ratings)) == pytest.approx(0.1657, abs=5e-5)


def test_the_correlation_of_simulated_accounts_of_unequal_size_is_found_again():
    random = np.random.default_rng(23)
    sizes = random.integers(1, 12, 3000)
    outcomes = [
        [round(1000 * y) for y in random.normal() * math.sqrt(0.3 / 0.7) + random.normal(size=m)]
        for m in sizes
    ]

    assert intraclass_correlation(accounts_of(outcomes)) == pytest.approx(0.3, abs=0.03)


def test_contacts_more_different_than_chance_are_not_less_than_uncorrelated():
    assert intraclass_correlation(accounts_of([[0, 10], [10, 0], [0, 10]])) == 0


@pytest.mark.parametrize("outcomes", [[], [[1, 2]], [[1], [2], [3]], [[4, 4], [4, 4]]], ids=str)
def test_where_no_correlation_can_be_had_there_is_none(outcomes):
    assert intraclass_correlation(accounts_of(outcomes)) is None


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (
            lambda: Clusters(mean_size=0.5, intraclass_correlation=0),
            "mean_size must be at least 1, not 0.5",
        ),
        (
            lambda: Clusters(mean_size=2, intraclass_correlation=1.1),
            "intraclass_correlation must lie between 0 and 1",
        ),
        (
            lambda: Clusters(mean_size=2, intraclass_correlation=0, size_variation=-1),
            "size_variation must be at least 0, not -1",
        ),
        (
            lambda: Clusters(mean_size=2, intraclass_correlation=0).accounts_for(2.0),
            "contacts must be an exact integer, not 2.0",
        ),
        (
            lambda: intraclass_correlation([Account(0, 0, 0), Account(1, 1, 1)]),
            "contacts must be at least 1, not 0",
        ),
        (
            lambda: intraclass_correlation([Account(2, 4, 7), Account(2, 1, 1)]),
            "sum_yy is too small: m·Σy² must be at least (Σy)²",
        ),
        (
            lambda: intraclass_correlation([Account(2, 0.5, 7), Account(2, 1, 1)]),
            "sums[0] must be an exact integer, not 0.5",
        ),
    ],
)
def test_impossible_accounts_are_refused(build, rule):
    with pytest.raises(ArgumentError) as refusal:
        build()

    assert str(refusal.value) == rule
