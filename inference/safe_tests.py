"""Two shares of few units that may be watched live: the exact safe test for 2×2 tables.

Units are read in blocks of so many of each arm; the evidence grows by p(block | shares estimated
before it)/p(block | the closest pair of shares that differ by δ). Its chance ever to reach 1/α is
at most α, for any number of units. Sources: Turner, Ly & Grünwald 2024 (arXiv:2106.02693); Turner &
Grünwald 2023 (interval, arXiv:2203.09785). Misleads where outcomes decide the order of units.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import special

from inference.arguments import ArgumentError, above, between, whole, wholes
from inference.comparison import Interval, NotComparable, Reason, not_comparable
from inference.farrington_manning import most_likely_control

Floats: TypeAlias = NDArray[np.float64]

_STEPS, _PRECISION = 161, 1e-9


class Blocks(msgspec.Struct, frozen=True, kw_only=True):
    """How units are grouped, fixed before the start: the registered weights in small numbers.

    `prior` is what each arm is thought to have seen of either outcome, per control unit of a
    block; 0.18 has the smallest worst-case regret (Turner, Ly & Grünwald).
    """

    control: int = 1
    treatment: int = 1
    prior: float = 0.18

    def __post_init__(self) -> None:
        whole("control", self.control, at_least=1)
        whole("treatment", self.treatment, at_least=1)
        above("prior", self.prior, 0)


class SafeReading(msgspec.Struct, frozen=True, kw_only=True):
    """Treatment minus control after all complete blocks, valid however often one looks.

    `log_e` is the evidence against "no difference" now, `highest_log_e` the most there ever was:
    either may be held against ln(1/α). `waiting` units are in no complete block yet.
    """

    estimate: float
    lower: float
    upper: float
    level: float
    n_control: int
    n_treatment: int
    waiting: int
    log_e: float
    highest_log_e: float
    p_value: float

    @property
    def excludes_zero(self) -> bool:
        """Whether "no difference" lies outside the interval."""
        return self.lower > 0 or self.upper < 0


def read_safely(
    control: Sequence[int],
    treatment: Sequence[int],
    blocks: Blocks | None = None,
    *,
    level: float = 0.95,
) -> SafeReading | NotComparable:
    """Evidence, p = min(1, 1/E) and interval from outcomes 0 or 1, in the order of maturity."""
    between("level", level, 0, 1)
    blocks = blocks or Blocks()
    history = _history_of(_checked("control", control), _checked("treatment", treatment), blocks)
    if len(history.control_events) == 0:
        return not_comparable(Reason.NO_COMPLETE_BLOCK)
    path = _log_e_path(history, 0.0)
    n = len(path)
    estimate = float(
        history.treatment_events.sum() / (n * blocks.treatment)
        - history.control_events.sum() / (n * blocks.control)
    )
    interval = _interval(history, estimate, -math.log(1 - level))
    if interval is None:
        return not_comparable(Reason.NO_COMMON_DIFFERENCE)
    return SafeReading(
        estimate=estimate,
        lower=interval.lower,
        upper=interval.upper,
        level=level,
        n_control=n * blocks.control,
        n_treatment=n * blocks.treatment,
        waiting=len(control) + len(treatment) - n * (blocks.control + blocks.treatment),
        log_e=float(path[-1]),
        highest_log_e=max(0.0, float(path.max())),
        p_value=math.exp(-max(0.0, float(path[-1]))),
    )


def log_e_path(
    control: Sequence[int],
    treatment: Sequence[int],
    blocks: Blocks | None = None,
    *,
    difference: float = 0.0,
) -> Floats:
    """Logarithm of the evidence against this difference after each complete block."""
    between("difference", difference, -1, 1)
    outcomes = _checked("control", control), _checked("treatment", treatment)
    return _log_e_path(_history_of(*outcomes, blocks or Blocks()), difference)


class _History(msgspec.Struct, frozen=True):
    """Events of each block, and the shares as they were estimated before it."""

    blocks: Blocks
    control_events: Floats
    treatment_events: Floats
    control_share: Floats
    treatment_share: Floats


def _history_of(control: Sequence[int], treatment: Sequence[int], blocks: Blocks) -> _History:
    complete = min(len(control) // blocks.control, len(treatment) // blocks.treatment)
    control_events = _events(control, blocks.control, complete)
    treatment_events = _events(treatment, blocks.treatment, complete)
    treatment_prior = blocks.prior * blocks.treatment / blocks.control
    return _History(
        blocks,
        control_events,
        treatment_events,
        _estimated_before(control_events, blocks.control, blocks.prior),
        _estimated_before(treatment_events, blocks.treatment, treatment_prior),
    )


def _events(outcomes: Sequence[int], size: int, complete: int) -> Floats:
    table = np.array(outcomes[: complete * size], dtype=np.float64).reshape(complete, size)
    events: Floats = table.sum(axis=1)
    return events


def _estimated_before(events: Floats, size: int, prior: float) -> Floats:
    """Posterior mean of a Beta(prior, prior), without the block itself and later ones."""
    before = np.cumsum(events) - events
    estimated: Floats = (before + prior) / (size * np.arange(len(events)) + 2 * prior)
    return estimated


def _log_e_path(history: _History, difference: float) -> Floats:
    blocks = history.blocks
    # The pair of shares that is closest in relative entropy is the most likely one under the
    # restriction, the estimated shares taken as if observed.
    control = most_likely_control(
        history.control_share,
        history.treatment_share,
        blocks.treatment / blocks.control,
        difference,
    )
    treatment = np.clip(control + difference, 0, 1)
    steps = _log_chance(history.control_events, blocks.control, history.control_share, control)
    steps += _log_chance(
        history.treatment_events, blocks.treatment, history.treatment_share, treatment
    )
    path: Floats = np.cumsum(steps)
    return path


def _log_chance(events: Floats, size: int, share: Floats, closest: Floats) -> Floats:
    """Log chance under the estimated share, less that under the closest one."""
    own = special.xlogy(events, share) + special.xlog1py(size - events, -share)
    other = special.xlogy(events, closest) + special.xlog1py(size - events, -closest)
    logs: Floats = own - other
    return logs


def _interval(history: _History, estimate: float, bound: float) -> Interval | None:
    """From the lowest to the highest difference against which the evidence is below 1/α."""

    def held(difference: float) -> bool:
        return bool(_log_e_path(history, difference)[-1] < bound)

    # Zero is a step, so that the interval holds it wherever the p-value is above α.
    steps = np.linspace(-1.0, 1.0, _STEPS)[1:-1]
    inside = [float(step) for step in (*steps, estimate) if abs(step) < 1 and held(float(step))]
    if not inside:
        return None
    width = 2 / (_STEPS - 1)
    lowest, highest = min(inside), max(inside)
    return Interval(
        min(estimate, _end(held, lowest, max(-1.0, lowest - width))),
        max(estimate, _end(held, highest, min(1.0, highest + width))),
    )


def _end(held: Callable[[float], bool], inside: float, outside: float) -> float:
    while abs(outside - inside) > _PRECISION:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if held(middle) else (inside, middle)
    return outside


def _checked(side: str, outcomes: Sequence[int]) -> tuple[int, ...]:
    values = wholes(side, outcomes)
    for place, value in enumerate(values):
        if value not in {0, 1}:
            raise ArgumentError(f"{side}[{place}]", f"must be 0 or 1, not {value}")
    return values
