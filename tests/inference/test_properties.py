"""What holds for every method of comparison: order, exchange of arms, scale and shift of outcomes.

Merging in another order changes no digit, exchanging the arms turns the sign, outcomes in other
units give results in other units, and what is added to every unit changes no difference. The safe
test alone sees an order: that of its blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from inference.arms import arm_of_means
from inference.comparison import Comparison, Method, NotComparable
from inference.competing_risks import compare_won
from inference.covariate_moments import CovariateMoments
from inference.covariates import compare_adjusted
from inference.cuped import adjusted_difference
from inference.deal_times import DealState, DealTime
from inference.exact_tests import Shares, compare_exactly
from inference.few_accounts import (
    AccountOutcome,
    compare_account_means,
    compare_rates_of_few_accounts,
)
from inference.few_units import compare_by_relabelling
from inference.fisher import compare_odds
from inference.group_sequential import compare_at_look
from inference.lifts import compare_relative, compare_relative_at_any_time
from inference.moments import Moments
from inference.proportions import compare_proportions
from inference.ratios import arm_of_ratio
from inference.relabelling import all_relabellings
from inference.safe_tests import Blocks, read_safely
from inference.sequences import compare_at_any_time
from inference.survival import compare_pace, compare_time_open
from inference.welch import compare_means, welch

bounded = settings(
    derandomize=True, max_examples=20, deadline=None, suppress_health_check=list(HealthCheck)
)
few = settings(bounded, max_examples=8)
"""For exact tests, which enumerate."""

Unit = tuple[int, int, int]
"""Outcome, covariate before exposure, denominator."""
OF_ARMS = {
    "welch": compare_means,
    "watched": partial(compare_at_any_time, planned_units=24),
    "look": partial(compare_at_look, information=[0.4, 1.0]),
}
LIFTS = {
    method: partial(compare_relative, method=method)
    for method in (Method.LIFT_DELTA, Method.LIFT_LOG, Method.LIFT_FIELLER)
} | {Method.LIFT_CONFIDENCE_SEQUENCE: partial(compare_relative_at_any_time, planned_units=24)}


def sums(units) -> Moments:
    return sum((Moments.of_outcome(*unit) for unit in units), Moments.zero())


def by_means(compare, control, treatment):
    return compare(arm_of_means(sums(control)), arm_of_means(sums(treatment)))


def by_ratios(compare, control, treatment):
    return compare(arm_of_ratio(sums(control)), arm_of_ratio(sums(treatment)))


def by_covariate(control, treatment):
    return welch(adjusted_difference(sums(control), sums(treatment)), alpha=0.05)[0]


def covariate_sums(units) -> CovariateMoments:
    each = (CovariateMoments.of_unit(y, [x]) for y, x, _ in units)
    return sum(each, CovariateMoments.zero(1))


def by_covariates(control, treatment):
    return compare_adjusted(covariate_sums(control), covariate_sums(treatment))


def by_relabelling(control, treatment):
    outcomes = [[y for y, _, _ in side] for side in (control[:4], treatment[:4])]
    return compare_by_relabelling(*outcomes, all_relabellings(*map(len, outcomes)))


def by_accounts(compare, control, treatment):
    return compare(*([AccountOutcome(d, y) for y, _, d in side] for side in (control, treatment)))


METHODS: dict[str, Callable[..., Comparison | NotComparable]] = {
    **{name: partial(by_means, compare) for name, compare in OF_ARMS.items()},
    **{f"{name} of ratios": partial(by_ratios, compare) for name, compare in OF_ARMS.items()},
    "covariate": by_covariate,
    "covariates": by_covariates,
    "relabelling": by_relabelling,
    "rates of accounts": partial(by_accounts, compare_rates_of_few_accounts),
    "account means": partial(by_accounts, compare_account_means),
}
BY_CONTACT = [name for name in METHODS if "ratios" in name or "account" in name]
"""Shifting the outcome of each contact moves an account by as much for each of them."""
EACH = pytest.mark.parametrize("compare", METHODS.values(), ids=METHODS)

units = st.tuples(st.integers(-50, 50), st.integers(0, 9), st.integers(3, 6))
arms = st.lists(units, min_size=10, max_size=14)
scales = st.integers(2, 1000)


def figures(result: Comparison) -> tuple[float, ...]:
    return result.estimate, result.lower, result.upper


def both(first, second) -> tuple[Comparison, Comparison]:
    """Two results, or two refusals for the same reason: then there is nothing to compare."""
    if isinstance(first, NotComparable) or isinstance(second, NotComparable):
        assert first == second
        assume(False)
    return first, second


def near(values, *, size: float):
    """Equal up to rounding and to what a search for the end of an interval leaves."""
    return pytest.approx(values, rel=1e-7, abs=1e-6 * size)


@EACH
@bounded
@given(arms, arms, st.randoms(use_true_random=False))
def test_the_order_of_units_changes_no_result(compare, control, treatment, random):
    shuffled = [random.sample(side, len(side)) for side in (control[:4], treatment[:4])]
    rest = control[4:], treatment[4:]

    result = compare(shuffled[0] + rest[0], shuffled[1] + rest[1])

    first, second = both(compare(control, treatment), result)
    size = first.upper - first.lower
    assert figures(second) == near(figures(first), size=size)
    assert second.p_value == (None if first.p_value is None else pytest.approx(first.p_value))


def test_the_same_outcomes_in_another_order_have_a_p_value_of_one():
    control, treatment = [0, 0, 1, 4], [4, 1, 0, 0]

    results = [
        compare_by_relabelling(control, side, all_relabellings(4, 4))
        for side in (treatment, treatment[::-1], [0, 4, 0, 1])
    ]

    assert [result.p_value for result in results if isinstance(result, Comparison)] == [1, 1, 1]


@bounded
@given(arms, arms, st.randoms(use_true_random=False), st.integers(1, 9))
def test_merged_in_another_order_sums_give_the_same_digits(control, treatment, random, cut):
    def merged(side, add):
        mixed = random.sample(side, len(side))
        return add(mixed[cut:]) + add(mixed[:cut])

    for compare in OF_ARMS.values():
        plain = by_means(compare, control, treatment)
        sides = (arm_of_means(merged(side, sums)) for side in (control, treatment))
        assert compare(*sides) == plain
    sides = (merged(side, covariate_sums) for side in (control, treatment))
    assert compare_adjusted(*sides) == by_covariates(control, treatment)


@EACH
@bounded
@given(arms, arms)
def test_exchanging_the_arms_turns_the_sign(compare, control, treatment):
    first, second = both(compare(control, treatment), compare(treatment, control))

    size = first.upper - first.lower
    assert figures(second) == near((-first.estimate, -first.upper, -first.lower), size=size)
    assert second.p_value == (None if first.p_value is None else pytest.approx(first.p_value))
    assert (second.n_control, second.n_treatment) == (first.n_treatment, first.n_control)


@EACH
@bounded
@given(arms, arms, scales)
def test_outcomes_in_other_units_give_results_in_other_units(compare, control, treatment, scale):
    larger = [[(y * scale, x, d) for y, x, d in side] for side in (control, treatment)]

    first, second = both(compare(control, treatment), compare(*larger))

    size = (first.upper - first.lower) * scale
    assert figures(second) == near([figure * scale for figure in figures(first)], size=size)
    assert second.p_value == (None if first.p_value is None else pytest.approx(first.p_value))


@EACH
@bounded
@given(arms, arms)
def test_outcomes_turned_around_turn_the_sign(compare, control, treatment):
    turned = [[(-y, x, d) for y, x, d in side] for side in (control, treatment)]

    first, second = both(compare(control, treatment), compare(*turned))

    size = first.upper - first.lower
    assert figures(second) == near((-first.estimate, -first.upper, -first.lower), size=size)


@pytest.mark.parametrize("name", METHODS)
@bounded
@given(control=arms, treatment=arms, shift=st.integers(-(10**9), 10**9))
def test_what_is_added_to_every_unit_changes_no_difference(name, control, treatment, shift):
    moved = [
        [(y + shift * (d if name in BY_CONTACT else 1), x, d) for y, x, d in side]
        for side in (control, treatment)
    ]

    first, second = both(METHODS[name](control, treatment), METHODS[name](*moved))

    assert figures(second) == near(figures(first), size=first.upper - first.lower)
    assert second.p_value == (None if first.p_value is None else pytest.approx(first.p_value))


@pytest.mark.parametrize("compare", [by_covariate, by_covariates])
@bounded
@given(control=arms, treatment=arms, scale=scales, shift=st.integers(-(10**9), 10**9))
def test_a_covariate_in_other_units_adjusts_as_much(compare, control, treatment, scale, shift):
    moved = [[(y, shift - x * scale, d) for y, x, d in side] for side in (control, treatment)]

    first, second = both(compare(control, treatment), compare(*moved))

    assert figures(second) == near(figures(first), size=first.upper - first.lower)


@bounded
@given(
    st.lists(st.tuples(*[st.integers(-20, 20)] * 3), min_size=44, max_size=48), st.integers(1, 9)
)
def test_covariates_that_say_the_same_together_adjust_as_much(drawn, factor):
    def side(units, columns):
        each = (CovariateMoments.of_unit(y, columns(a, b)) for y, a, b in units)
        return sum(each, CovariateMoments.zero(2))

    def compare(columns):
        return compare_adjusted(side(drawn[::2], columns), side(drawn[1::2], columns))

    plain = compare(lambda a, b: [a, b])
    # The alarm for single covariates may differ: other combinations are looked at.
    mixed = compare(lambda a, b: [a + factor * b, 3 * a - b])
    assume(isinstance(plain, Comparison) and isinstance(mixed, Comparison))

    assert figures(mixed) == near(figures(plain), size=plain.upper - plain.lower)


positive = st.lists(st.tuples(st.integers(40, 90)), min_size=12, max_size=14)


@pytest.mark.parametrize("compare", LIFTS.values(), ids=LIFTS)
@bounded
@given(control=positive, treatment=positive, scale=scales)
def test_a_lift_is_the_same_in_all_units(compare, control, treatment, scale):
    larger = [[(y * scale,) for (y,) in side] for side in (control, treatment)]

    first, second = both(by_means(compare, control, treatment), by_means(compare, *larger))

    assert figures(second) == pytest.approx(figures(first), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("method", [method for method in LIFTS if method != Method.LIFT_DELTA])
@bounded
@given(control=positive, treatment=positive)
def test_exchanging_the_arms_turns_the_ratio_around(method, control, treatment):
    first, second = both(
        by_means(LIFTS[method], control, treatment), by_means(LIFTS[method], treatment, control)
    )

    turned = [1 / (1 + lift) - 1 for lift in (first.estimate, first.upper, first.lower)]
    assert figures(second) == pytest.approx(turned, rel=1e-9, abs=1e-12)
    assert second.p_value == pytest.approx(first.p_value)


tables = st.tuples(st.integers(0, 12), st.integers(0, 9))


def shares_of(control: int, treatment: int) -> Shares:
    return Shares(control_events=control, control=12, treatment_events=treatment, treatment=9)


def of_shares(shares: Shares) -> list[Comparison]:
    sides = [
        Moments(n, events, events)
        for events, n in (
            (shares.control_events, shares.control),
            (shares.treatment_events, shares.treatment),
        )
    ]
    found = compare_exactly(shares), compare_proportions(*sides)
    return [result for result in found if isinstance(result, Comparison)]


@few
@given(tables)
def test_exchanging_the_arms_of_two_shares_turns_the_sign(events):
    shares = shares_of(*events)

    for first, second in zip(of_shares(shares), of_shares(shares.mirrored), strict=True):
        assert figures(second) == near((-first.estimate, -first.upper, -first.lower), size=1)
        assert second.p_value == (None if first.p_value is None else pytest.approx(first.p_value))


@few
@given(tables)
def test_counting_who_did_not_convert_turns_the_sign(events):
    control, treatment = events
    others = shares_of(12 - control, 9 - treatment)

    for first, second in zip(of_shares(shares_of(*events)), of_shares(others), strict=True):
        assert figures(second) == near((-first.estimate, -first.upper, -first.lower), size=1)
        assert second.p_value == (None if first.p_value is None else pytest.approx(first.p_value))


@bounded
@given(tables)
def test_exchanging_the_arms_turns_the_odds_around(events):
    first, second = both(
        compare_odds(shares_of(*events)), compare_odds(shares_of(*events).mirrored)
    )

    assert second.p_value == pytest.approx(first.p_value)
    assert second.lower == pytest.approx(0 if first.upper is None else 1 / first.upper, rel=1e-6)
    assert first.lower == pytest.approx(0 if second.upper is None else 1 / second.upper, rel=1e-6)


bits = st.lists(st.integers(0, 1), min_size=4, max_size=16)


@few
@given(bits, bits, st.integers(1, 2), st.integers(1, 2))
def test_exchanging_the_arms_of_the_safe_test_turns_the_sign(control, treatment, c, t):
    # The prior counts per control unit of a block: as much for each unit, however it is called.
    mirrored = Blocks(control=t, treatment=c, prior=0.18 * t / c)

    first, second = both(
        read_safely(control, treatment, Blocks(control=c, treatment=t)),
        read_safely(treatment, control, mirrored),
    )

    assert second.p_value == pytest.approx(first.p_value)
    assert figures(second) == pytest.approx((-first.estimate, -first.upper, -first.lower), abs=1e-7)


@few
@given(bits, bits)
def test_counting_who_did_not_convert_turns_the_sign_of_the_safe_test(control, treatment):
    others = [[1 - y for y in side] for side in (control, treatment)]

    first, second = both(read_safely(control, treatment), read_safely(*others))

    assert second.p_value == pytest.approx(first.p_value)
    assert figures(second) == pytest.approx((-first.estimate, -first.upper, -first.lower), abs=1e-7)


@few
@given(bits, bits, st.randoms(use_true_random=False))
def test_inside_its_blocks_the_safe_test_sees_no_order(control, treatment, random):
    def mixed(outcomes):
        blocks = [outcomes[i : i + 2] for i in range(0, len(outcomes), 2)]
        return [y for block in blocks for y in random.sample(block, len(block))]

    blocks = Blocks(control=2, treatment=2)
    # Units of an incomplete block are not read.
    whole = [side[: len(side) // 2 * 2] for side in (control, treatment)]

    assert read_safely(*map(mixed, whole), blocks) == read_safely(*whole, blocks)


deals = st.lists(
    st.builds(DealTime, st.integers(1, 30), st.sampled_from(DealState)), min_size=6, max_size=12
)
ends = [DealTime(40, DealState.OPEN)]
OF_DEALS = [partial(compare_time_open, horizon=20), partial(compare_won, horizon=20)]


@pytest.mark.parametrize("compare", OF_DEALS, ids=["time open", "won"])
@bounded
@given(control=deals, treatment=deals)
def test_exchanging_the_arms_of_deals_turns_the_sign(compare, control, treatment):
    sides = control + ends, treatment + ends

    first, second = both(compare(*sides), compare(*sides[::-1]))

    assert figures(second) == pytest.approx((-first.estimate, -first.upper, -first.lower))


@bounded
@given(deals, deals, st.integers(2, 86_400))
def test_deals_in_other_units_of_time_are_the_same_deals(control, treatment, scale):
    sides = control + ends, treatment + ends
    longer = [
        [msgspec.structs.replace(deal, time=deal.time * scale) for deal in side] for side in sides
    ]

    first, second = both(
        compare_time_open(*sides, horizon=20), compare_time_open(*longer, horizon=20 * scale)
    )

    expected = [figure * scale for figure in figures(first)]
    assert figures(second) == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale)
    assert compare_won(*longer, horizon=20 * scale) == compare_won(*sides, horizon=20)
    assert compare_pace(*longer) == compare_pace(*sides)


@bounded
@given(deals, deals, st.integers(1, 1000))
def test_a_wait_before_every_deal_changes_no_difference(control, treatment, wait):
    sides = control + ends, treatment + ends
    later = [
        [msgspec.structs.replace(deal, time=deal.time + wait) for deal in side] for side in sides
    ]

    first, second = both(
        compare_time_open(*sides, horizon=20), compare_time_open(*later, horizon=20 + wait)
    )

    assert figures(second) == pytest.approx(figures(first), rel=1e-9, abs=1e-9)
    assert compare_won(*later, horizon=20 + wait) == compare_won(*sides, horizon=20)
    assert compare_pace(*later) == compare_pace(*sides)


@bounded
@given(deals, deals, st.randoms(use_true_random=False))
def test_the_order_of_deals_does_not_matter(control, treatment, random):
    sides = control + ends, treatment + ends
    mixed = [random.sample(side, len(side)) for side in sides]

    for compare in (*OF_DEALS, compare_pace):
        assert compare(*mixed) == compare(*sides)


@bounded
@given(deals, deals)
def test_exchanging_the_arms_turns_the_sign_of_the_log_rank_test(control, treatment):
    first, second = both(compare_pace(control, treatment), compare_pace(treatment, control))

    assert second.z == pytest.approx(-first.z, abs=1e-9)
    assert second.variance == pytest.approx(first.variance)
