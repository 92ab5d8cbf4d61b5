"""The safe test against its definition, enumeration of all outcomes, and optional stopping."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize

from inference import safe_tests
from inference.arguments import ArgumentError
from inference.comparison import NotComparable, Reason
from inference.safe_tests import Blocks, log_e_path, read_safely
from tests.inference.samples import found

ALPHA = 0.05
outcomes = st.lists(st.integers(0, 1), min_size=3, max_size=40)


def e_by_fractions(control: list[int], treatment: list[int], blocks: Blocks) -> Fraction:
    """Turner, Ly & Grünwald, eq. for the beta prior, written out once more without logarithms."""
    prior = Fraction("0.18")
    priors = prior, prior * blocks.treatment / blocks.control
    evidence, seen = Fraction(1), [(0, 0), (0, 0)]
    sizes = blocks.control, blocks.treatment
    while True:
        block = [
            arm[n : n + m] for arm, (_, n), m in zip((control, treatment), seen, sizes, strict=True)
        ]
        if any(len(part) < m for part, m in zip(block, sizes, strict=True)):
            return evidence
        shares = [(s + a) / (n + 2 * a) for (s, n), a in zip(seen, priors, strict=True)]
        pooled = sum(m * share for m, share in zip(sizes, shares, strict=True)) / sum(sizes)
        for part, share in zip(block, shares, strict=True):
            for y in part:
                evidence *= (share if y else 1 - share) / (pooled if y else 1 - pooled)
        seen = [(s + sum(part), n + len(part)) for (s, n), part in zip(seen, block, strict=True)]


@pytest.mark.parametrize("blocks", [Blocks(), Blocks(control=2), Blocks(control=1, treatment=3)])
def test_the_evidence_is_that_of_the_definition(blocks):
    random = np.random.default_rng(8)
    control = [int(y) for y in random.random(31) < 0.3]
    treatment = [int(y) for y in random.random(40) < 0.6]

    reading = found(read_safely(control, treatment, blocks))

    expected = e_by_fractions(control, treatment, blocks)
    assert reading.log_e == pytest.approx(math.log(expected), rel=1e-9)
    assert reading.p_value == pytest.approx(min(1.0, 1 / float(expected)), rel=1e-9)


def test_arms_that_all_convert_or_all_do_not_are_no_evidence_at_all():
    # The tests of the R package safestats expect E = 1 for both.
    for y in (0, 1):
        assert found(read_safely([y] * 10, [y] * 10)).log_e == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("blocks", "count", "difference"),
    [
        (Blocks(), 4, 0.0),
        (Blocks(), 3, 0.3),
        (Blocks(), 3, -0.65),
        (Blocks(control=2, treatment=1), 2, 0.0),
        (Blocks(control=1, treatment=3), 2, 0.4),
    ],
)
def test_whatever_the_shares_are_the_expected_evidence_against_the_truth_is_at_most_one(
    blocks, count, difference
):
    sides = count * blocks.control, count * blocks.treatment
    table = [
        (
            sum(control),
            sum(treatment),
            log_e_path(control, treatment, blocks, difference=difference),
        )
        for control in itertools.product((0, 1), repeat=sides[0])
        for treatment in itertools.product((0, 1), repeat=sides[1])
    ]
    events = np.array([row[:2] for row in table])
    evidence = np.exp([row[2][-1] for row in table])
    for share in np.linspace(max(0, -difference), min(1, 1 - difference), 21):
        other = share + difference
        chances = share ** events[:, 0] * (1 - share) ** (sides[0] - events[:, 0])
        chances *= other ** events[:, 1] * (1 - other) ** (sides[1] - events[:, 1])

        assert chances @ evidence <= 1 + 1e-9


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_without_effect_who_stops_at_the_best_moment_is_wrong_in_at_most_five_percent(share):
    random, wrong, runs = np.random.default_rng(12), 0, 500
    for _ in range(runs):
        control, treatment = (random.random((2, 120)) < share).astype(int).tolist()
        wrong += bool(log_e_path(control, treatment).max() >= math.log(1 / ALPHA))

    assert wrong / runs <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_in_arms_of_unequal_weight_stopping_is_safe_as_well():
    random, wrong, runs = np.random.default_rng(13), 0, 400
    for _ in range(runs):
        control = (random.random(200) < 0.1).astype(int).tolist()
        treatment = (random.random(50) < 0.1).astype(int).tolist()
        path = log_e_path(control, treatment, Blocks(control=4))
        wrong += bool(path.max() >= math.log(1 / ALPHA))

    assert wrong / runs <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_the_true_difference_is_hardly_ever_outside_the_interval_at_any_time():
    random, left, runs = np.random.default_rng(14), 0, 400
    for _ in range(runs):
        control = (random.random(100) < 0.25).astype(int).tolist()
        treatment = (random.random(100) < 0.6).astype(int).tolist()
        path = log_e_path(control, treatment, difference=0.35)
        left += bool(path.max() >= math.log(1 / ALPHA))

    assert left / runs <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_a_large_effect_shows_with_few_units():
    random = np.random.default_rng(15)
    control, treatment = (random.random((2, 40)) < [[0.1], [0.6]]).astype(int).tolist()

    reading = found(read_safely(control, treatment))

    assert reading.excludes_zero
    assert reading.lower < 0.5 < reading.upper


def test_at_the_ends_of_the_interval_the_evidence_is_one_over_alpha():
    control, treatment = [0, 0, 1, 0, 0] * 8, [1, 0, 1, 1, 0] * 8

    reading = found(read_safely(control, treatment))

    for end in (reading.lower, reading.upper):
        path = log_e_path(control, treatment, difference=end)
        assert path[-1] == pytest.approx(math.log(20), abs=1e-6)


def test_the_closest_pair_of_shares_is_the_one_of_least_relative_entropy():
    control, treatment, difference = [0, 1, 0, 1, 1], [1, 1, 0, 1, 0], 0.45

    def entropy(share: float) -> float:
        return sum(
            p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
            for p, q in ((own, share), (other, share + difference))
        )

    own, other = (3 + 0.18) / 5.36, (3 + 0.18) / 5.36
    closest = optimize.minimize_scalar(
        entropy, bounds=(1e-9, 1 - difference - 1e-9), method="bounded", options={"xatol": 1e-12}
    ).x
    # One block more, in which neither converts.
    expected = 2 * math.log(1 - own) - math.log(1 - closest) - math.log(1 - closest - difference)

    path = log_e_path([*control, 0], [*treatment, 0], difference=difference)

    assert path[-1] - path[-2] == pytest.approx(expected, rel=1e-6)


@settings(deadline=None, max_examples=20)
@given(outcomes, outcomes)
def test_interval_and_p_value_agree_and_exchanging_the_arms_flips_the_sign(control, treatment):
    forth, back = read_safely(control, treatment), read_safely(treatment, control)
    assume(not isinstance(forth, NotComparable))

    assert forth.excludes_zero == (forth.p_value <= ALPHA)
    assert forth.lower <= forth.estimate <= forth.upper
    assert back.log_e == pytest.approx(forth.log_e, abs=1e-9)
    assert (back.lower, back.upper) == pytest.approx((-forth.upper, -forth.lower), abs=1e-6)


@settings(deadline=None, max_examples=10)
@given(outcomes, outcomes)
def test_units_of_an_incomplete_block_wait_and_change_nothing(control, treatment):
    complete = min(len(control), len(treatment))

    reading = found(read_safely(control, treatment))

    assert reading.waiting == abs(len(control) - len(treatment))
    assert reading.log_e == found(read_safely(control[:complete], treatment[:complete])).log_e
    assert (reading.n_control, reading.n_treatment) == (complete, complete)


def test_the_highest_evidence_so_far_is_kept():
    reading = found(read_safely([0] * 30 + [1] * 30, [1] * 30 + [0] * 30))

    assert reading.highest_log_e > 10 > reading.log_e


@pytest.mark.parametrize(("control", "treatment"), [([], [1]), ([1, 0], []), ([1], [1, 0])])
def test_without_a_complete_block_there_is_nothing_to_read(control, treatment):
    result = read_safely(control, treatment, Blocks(control=2))

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.NO_COMPLETE_BLOCK


def test_where_no_difference_is_held_there_is_no_interval(monkeypatch):
    # No order of events is known for which this happens, and no proof that there is none.
    monkeypatch.setattr(safe_tests, "_interval", lambda *_: None)

    result = read_safely([0, 1], [1, 1])

    assert isinstance(result, NotComparable)
    assert result.reason is Reason.NO_COMMON_DIFFERENCE


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: read_safely([0, 2], [1, 1]), "control[1] must be 0 or 1, not 2"),
        (lambda: read_safely([0], [0.0]), "treatment[0] must be an exact integer, not 0.0"),
        (lambda: read_safely([0], [True]), "treatment[0] must be an integer, not a bool"),
        (lambda: read_safely([0], [1], level=95), "level must lie between 0 and 1, not 95"),
        (lambda: Blocks(control=0), "control must be at least 1, not 0"),
        (lambda: Blocks(treatment=1.5), "treatment must be an exact integer, not 1.5"),
        (lambda: Blocks(prior=0), "prior must be above 0, not 0"),
        (lambda: log_e_path([0], [1], difference=1), "difference must lie between -1 and 1, not 1"),
    ],
)
def test_what_is_no_outcome_is_refused(call, rule):
    with pytest.raises(ArgumentError) as refusal:
        call()

    assert str(refusal.value) == rule
