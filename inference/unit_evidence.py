"""What the outcomes of single units say about one pair of arms, at whatever α its family leaves.

For experiments of few units: shares by the exact safe test, which may be watched; everything else
in one look at the registered end. Pure: which relabellings are drawn follows from the names alone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache, partial

import msgspec
import numpy as np

from inference.comparison import Comparison, Method, NotComparable, Reason, not_comparable
from inference.exact_tests import MOST_UNITS, Shares, compare_exactly
from inference.few_accounts import AccountOutcome, compare_rates_of_few_accounts
from inference.few_units import compare_by_relabelling
from inference.layout import PairOfArms
from inference.plan import UnitOutcome
from inference.relabelling import (
    MOST_ENUMERATED,
    Relabellings,
    all_relabellings,
    drawn_relabellings,
)
from inference.safe_tests import Blocks, SafeReading, read_safely
from schemas.resources import MetricKind

DRAWS = 9_999
_LARGEST_BLOCK = 20
"""Units in a block: with more of them, too many would wait for their block to be complete."""

Outcomes = Sequence[UnitOutcome]
Compare = Callable[[float], Comparison | NotComparable]
"""A comparison at a level."""


class UnitEvidence(msgspec.Struct, frozen=True):
    """The p-value that a family is corrected with, and the comparison at the α that it leaves."""

    p_value: float
    compare: Compare

    def at(self, alpha: float) -> Comparison | NotComparable:
        """The comparison whose interval has this α."""
        return self.compare(1 - alpha)


def watched_evidence(
    pair: PairOfArms, baseline: Outcomes, variant: Outcomes
) -> UnitEvidence | NotComparable:
    """The safe test of two shares, after every complete block, in the order of maturity."""
    blocks = blocks_of(pair.baseline.weight, pair.variant.weight)
    compare = partial(_safely, _values(baseline), _values(variant), blocks)
    return _evidence(compare, pair.plan.alpha)


def one_look(
    pair: PairOfArms, baseline: Outcomes, variant: Outcomes
) -> UnitEvidence | NotComparable:
    """The test for one look that fits the metric: exact, by relabelling, or CR2 for a ratio."""
    return _evidence(_test_for(pair, baseline, variant), pair.plan.alpha)


def blocks_of(baseline: Fraction | object, variant: Fraction | object) -> Blocks:
    """Blocks in the ratio of the weights, as near to it as numbers of so few units allow."""
    weights = Fraction(str(baseline)), Fraction(str(variant))
    if 0 in weights:
        return Blocks()
    low, high = sorted(weights)
    near = (low / high).limit_denominator(_LARGEST_BLOCK - 1)
    smaller, larger = max(1, near.numerator), near.denominator if near else _LARGEST_BLOCK - 1
    return (
        Blocks(control=smaller, treatment=larger)
        if weights[0] == low
        else Blocks(control=larger, treatment=smaller)
    )


def _evidence(compare: Compare, alpha: float) -> UnitEvidence | NotComparable:
    # Cached, for a family of one asks for the same level again.
    compare = cache(compare)
    found = compare(1 - alpha)
    if isinstance(found, NotComparable):
        return found
    assert found.p_value is not None
    return UnitEvidence(found.p_value, compare)


def _test_for(pair: PairOfArms, baseline: Outcomes, variant: Outcomes) -> Compare:
    metric = pair.metric
    if metric.kind is MetricKind.RATIO and any(
        unit.d < 0 or (unit.d == 0 and unit.y != 0) for unit in (*baseline, *variant)
    ):
        return _without_denominator
    if metric.kind is MetricKind.RATIO:
        scale = metric.scale - metric.denominator_scale
        return partial(_by_accounts, _accounts(baseline), _accounts(variant), scale)
    if metric.kind is MetricKind.CONVERSION and max(len(baseline), len(variant)) <= MOST_UNITS:
        shares = Shares(
            control_events=sum(unit.y for unit in baseline),
            control=len(baseline),
            treatment_events=sum(unit.y for unit in variant),
            treatment=len(variant),
        )
        return partial(_exactly, shares)
    seed = _seed_of(pair)
    return partial(_by_relabelling, _values(baseline), _values(variant), metric.scale, seed)


def _values(units: Outcomes) -> list[int]:
    return [unit.y for unit in units]


def _accounts(units: Outcomes) -> list[AccountOutcome]:
    return [AccountOutcome(unit.d, unit.y) for unit in units]


def _without_denominator(_level: float) -> NotComparable:
    """A numerator that belongs to nothing: no weights by the denominator, so no CR2."""
    return not_comparable(Reason.DENOMINATOR_NEAR_ZERO)


def _exactly(shares: Shares, level: float) -> Comparison | NotComparable:
    return compare_exactly(shares, level=level)


def _by_accounts(
    baseline: Sequence[AccountOutcome], variant: Sequence[AccountOutcome], scale: int, level: float
) -> Comparison | NotComparable:
    return compare_rates_of_few_accounts(baseline, variant, level=level, scale=scale)


def _by_relabelling(
    baseline: Sequence[int], variant: Sequence[int], scale: int, seed: int, level: float
) -> Comparison | NotComparable:
    relabellings = _relabellings(len(baseline), len(variant), seed)
    return compare_by_relabelling(baseline, variant, relabellings, level=level, scale=scale)


def _safely(
    baseline: Sequence[int], variant: Sequence[int], blocks: Blocks, level: float
) -> Comparison | NotComparable:
    found = read_safely(baseline, variant, blocks, level=level)
    return _comparison(found) if isinstance(found, SafeReading) else found


def _comparison(found: SafeReading) -> Comparison:
    return Comparison(
        method=Method.SAFE_TEST,
        estimate=found.estimate,
        lower=found.lower,
        upper=found.upper,
        level=found.level,
        n_control=found.n_control,
        n_treatment=found.n_treatment,
        p_value=found.p_value,
        log_e=found.log_e,
    )


def _relabellings(n_control: int, n_treatment: int, seed: int) -> Relabellings:
    # An arm of one or none is refused by the test itself, which says why.
    n_control, n_treatment = max(1, n_control), max(1, n_treatment)
    if math.comb(n_control + n_treatment, n_treatment) <= MOST_ENUMERATED:
        return all_relabellings(n_control, n_treatment)
    generator = np.random.default_rng(seed)
    return drawn_relabellings(n_control, n_treatment, draws=DRAWS, generator=generator)


def _seed_of(pair: PairOfArms) -> int:
    """The same for the same question whoever asks, and nobody can try another one."""
    names = (pair.plan.key, pair.metric.key, pair.baseline.variant, pair.variant.variant)
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big")
