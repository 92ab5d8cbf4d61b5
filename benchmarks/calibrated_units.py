"""The tests on single units, as experiments planned small are read: run by run, in their order."""

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from benchmarks.calibrated_methods import ALPHA
from benchmarks.drawn_outcomes import Bools
from benchmarks.simulated_experiments import Purpose, Seen, Setting, Simulated
from inference.comparison import Comparison, NotComparable
from inference.exact_tests import Shares, compare_exactly
from inference.few_accounts import (
    AccountOutcome,
    compare_account_means,
    compare_rates_of_few_accounts,
)
from inference.few_units import compare_by_relabelling
from inference.relabelling import MOST_ENUMERATED, all_relabellings, drawn_relabellings
from inference.safe_tests import Blocks, log_e_path

DRAWS = 1_999
"""Relabellings: a fifth of what a reading draws, as exact and so much quicker."""
FEWEST_UNITS = 10
"""Mature in each arm before a small experiment's share is shown, but at its end."""
MANY_UNITS = 100
"""Above, an exact test of one experiment takes some tenths of a second."""
SAFE_TEST = "safe test"


class OneRun(NamedTuple):
    """The outcomes of one experiment in the order of maturity, and its true effect."""

    treated: Bools
    y: np.ndarray
    d: np.ndarray | None
    effect: float

    def arms(self, values: np.ndarray) -> tuple[list[int], list[int]]:
        """Control's and treatment's values."""
        return values[~self.treated].tolist(), values[self.treated].tolist()


Row = tuple[bool, bool, bool, bool]
"""The columns of `Seen`, for one run."""


class UnitView(NamedTuple):
    """A test on single units, how often it is read, and on how many runs it is tried."""

    method: str
    looks: int
    purpose: Purpose
    read: Callable[[OneRun], Row]
    most_runs: int = 1_000_000


def unit_views(setting: Setting, generator: np.random.Generator) -> Iterator[UnitView]:
    """The tests on single units that fit the setting; the generator draws relabellings."""
    distribution = setting.distribution
    if not setting.is_small or distribution.has_covariate:
        return
    if distribution.clusters:
        yield UnitView("CR2", 1, Purpose.DECIDES, _one_look(_by_accounts))
        yield UnitView("account means", 1, Purpose.CONTRAST, _one_look(_by_account_means))
    elif distribution.is_share_of_units:
        blocks = _blocks(setting)
        looks = setting.fewest_per_arm // min(blocks.control, blocks.treatment)
        yield UnitView(SAFE_TEST, looks, Purpose.DECIDES, lambda run: _watched(run, blocks))
        if setting.units <= MANY_UNITS:
            yield UnitView("Boschloo", 1, Purpose.BESIDE, _one_look(_exactly))
    else:
        relabelled = _one_look(_relabelling(generator))
        exact_runs = 300 if setting.units > MANY_UNITS else 1_000
        yield UnitView("randomisation", 1, Purpose.DECIDES, relabelled, exact_runs)


def watch_units(view: UnitView, simulated: Simulated) -> Seen:
    """A test on every run."""
    sample = simulated.sample
    d = [None] * len(sample.y) if sample.d is None else sample.d
    runs = zip(sample.treated, sample.y, d, strict=True)
    rows = [view.read(OneRun(*run, simulated.effect)) for run in runs]
    return Seen(*np.array(rows, dtype=bool).reshape(-1, len(Seen._fields)).T)


def _one_look(compare: Callable[[OneRun], Comparison | NotComparable]) -> Callable[[OneRun], Row]:
    def read(run: OneRun) -> Row:
        found = compare(run)
        if isinstance(found, NotComparable):
            return (False, False, False, True)
        excluded = found.excludes_zero
        return (True, excluded, excluded, found.lower <= run.effect <= found.upper)

    return read


def _watched(run: OneRun, blocks: Blocks) -> Row:
    """The evidence after each block: the interval follows it, and takes a hundred times longer."""
    arms, bound = run.arms(run.y), -math.log(ALPHA)
    against_zero = log_e_path(*arms, blocks)
    against_truth = log_e_path(*arms, blocks, difference=run.effect)
    # At the end of the experiment there is a result, however few units were planned.
    shown = np.arange(1, len(against_zero) + 1) * min(blocks.control, blocks.treatment)
    is_shown = (shown >= FEWEST_UNITS) | (shown == shown[-1])
    excludes = (against_zero >= bound) & is_shown
    held = (against_truth < bound) | ~is_shown
    return (True, bool(excludes.any()), bool(excludes[-1]), bool(held.all()))


def _blocks(setting: Setting) -> Blocks:
    whole = math.gcd(setting.control, setting.treated)
    return Blocks(control=setting.control // whole, treatment=setting.treated // whole)


def _by_accounts(run: OneRun) -> Comparison | NotComparable:
    return compare_rates_of_few_accounts(*_accounts(run), level=1 - ALPHA)


def _by_account_means(run: OneRun) -> Comparison | NotComparable:
    return compare_account_means(*_accounts(run), level=1 - ALPHA)


def _accounts(run: OneRun) -> list[list[AccountOutcome]]:
    assert run.d is not None
    pairs = zip(run.arms(run.d), run.arms(run.y), strict=True)
    return [[AccountOutcome(*both) for both in zip(*arm, strict=True)] for arm in pairs]


def _exactly(run: OneRun) -> Comparison | NotComparable:
    control, treatment = run.arms(run.y)
    return _of_table(sum(control), len(control), sum(treatment), len(treatment))


@cache
def _of_table(
    control_events: int, control: int, treatment_events: int, treatment: int
) -> Comparison | NotComparable:
    shares = Shares(
        control_events=control_events,
        control=control,
        treatment_events=treatment_events,
        treatment=treatment,
    )
    return compare_exactly(shares, level=1 - ALPHA)


def _relabelling(
    generator: np.random.Generator,
) -> Callable[[OneRun], Comparison | NotComparable]:
    def compare(run: OneRun) -> Comparison | NotComparable:
        control, treatment = run.arms(run.y)
        units = len(control), len(treatment)
        if math.comb(sum(units), units[1]) <= MOST_ENUMERATED:
            relabellings = _all_relabellings(*units)
        else:
            relabellings = drawn_relabellings(*units, draws=DRAWS, generator=generator)
        return compare_by_relabelling(control, treatment, relabellings, level=1 - ALPHA)

    return compare


_all_relabellings = cache(all_relabellings)
