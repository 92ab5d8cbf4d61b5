"""The alarm of the split in simulated experiments, watched at every unit; and χ² beside it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy import special

from benchmarks.drawn_outcomes import Bools
from benchmarks.simulated_experiments import Purpose
from inference.sample_ratio import ALARM, log_e_process

UNITS = 5_000
SPLITS = (0.52, 0.60)
"""What a registered split of one to one has become."""
CHI_SQUARE_FROM = 20
"""Units from which χ² is read: below, it is no χ²."""
_RUNS_AT_ONCE = 200


class SplitRates(NamedTuple):
    """Share of experiments that ever raise the alarm: with the registered split, and another."""

    method: str
    purpose: Purpose
    split: float
    looks: int
    false_alarms: float
    detected: float


def watch_splits(seed: int, runs: int, *, units: int = UNITS) -> Iterator[SplitRates]:
    """Each way of watching a split, for each split that went wrong."""
    rates = [_alarms(np.random.default_rng([seed, 0]), 0.5, runs, units)]
    rates += [_alarms(np.random.default_rng([seed, 1]), split, runs, units) for split in SPLITS]
    for place, (method, purpose, first, _) in enumerate(_ways(units)):
        for split, found in zip(SPLITS, rates[1:], strict=True):
            looks = units - first + 1
            yield SplitRates(method, purpose, split, looks, rates[0][place], found[place])


Alarms = Callable[[np.ndarray, np.ndarray], Bools]


def _ways(units: int) -> tuple[tuple[str, Purpose, int, Alarms], ...]:
    return (
        ("e-process of the split", Purpose.DECIDES, 1, _by_e_process),
        ("χ², watched", Purpose.CONTRAST, CHI_SQUARE_FROM, _by_chi_square),
        ("χ²", Purpose.BESIDE, units, _by_chi_square),
    )


def _alarms(
    generator: np.random.Generator, split: float, runs: int, units: int
) -> tuple[float, ...]:
    """Share of runs with an alarm, by each way of watching."""
    seen = np.arange(1, units + 1)
    alarms = np.zeros(len(_ways(units)))
    for first_run in range(0, runs, _RUNS_AT_ONCE):
        some = min(_RUNS_AT_ONCE, runs - first_run)
        first = (generator.random((some, units)) < split).cumsum(axis=1)
        for place, (_, _, first_look, raised) in enumerate(_ways(units)):
            looks = slice(first_look - 1, None)
            alarms[place] += raised(first[:, looks], seen[looks]).any(axis=1).sum()
    return tuple((alarms / runs).tolist())


def _by_e_process(first: np.ndarray, seen: np.ndarray) -> Bools:
    counts = np.stack([first, seen - first], axis=-1).astype(float)
    return log_e_process(counts, np.array([0.5, 0.5])) >= -np.log(ALARM)


def _by_chi_square(first: np.ndarray, seen: np.ndarray) -> Bools:
    return (2 * first - seen) ** 2 / seen >= special.chdtri(1, ALARM)
