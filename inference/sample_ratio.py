"""Is the split what was registered? The sequential sample ratio test, watched live.

Source: Lindon and Malek, NeurIPS 2022 (arXiv:2011.03567): a Dirichlet-multinomial e-process with
concentration 100. χ² stands beside it for a single look and is never the alarm. Misleads where
weights were changed on the way, or where units other than the randomised ones are counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import special

from inference.arguments import ArgumentError, exact_weight, wholes

Floats = NDArray[np.float64]

CONCENTRATION = 100
ALARM = 0.001


class SampleRatio(msgspec.Struct, frozen=True, kw_only=True):
    """Units per arm against their registered shares; `alarm` blocks every reading.

    `log_e` and the figures of χ² are absent where there is nothing to test; a unit in an arm of
    weight 0 is impossible by registration and raises the alarm by itself.
    """

    counts: tuple[int, ...]
    expected: tuple[float, ...]
    alarm: bool
    unregistered_units: int
    log_e: float | None = None
    p_value: float | None = None
    chi_square: float | None = None
    chi_square_df: int | None = None
    chi_square_p_value: float | None = None


def read_sample_ratio(counts: Sequence[int], weights: Sequence[Fraction]) -> SampleRatio:
    """Units per arm, in the order of the relative weights; `ValueError` names what cannot be."""
    _refuse_bad_input(counts, weights)
    total, whole = sum(counts), sum(weights, Fraction(0))
    expected = tuple(float(total * weight / whole) for weight in weights)
    unregistered = sum(c for c, w in zip(counts, weights, strict=True) if w == 0)
    untested = SampleRatio(
        counts=tuple(counts),
        expected=expected,
        alarm=unregistered > 0,
        unregistered_units=unregistered,
    )
    positive = [i for i, weight in enumerate(weights) if weight > 0]
    if len(positive) < 2 or total == unregistered:
        return untested
    registered = sum(weights[i] for i in positive)
    shares = np.array([float(weights[i] / registered) for i in positive])
    return _tested(untested, np.array([counts[i] for i in positive], dtype=float), shares)


def log_e_process(counts: Floats, shares: Floats) -> Floats:
    """ln B(α₀ + counts) − ln B(α₀) − Σ counts·ln shares, with α₀ = 100·shares.

    The last axis of `counts` is the arms; there may be others, as of looks.
    """
    prior = CONCENTRATION * shares
    arms = special.gammaln(prior + counts) - special.gammaln(prior) - counts * np.log(shares)
    log_e: Floats = (
        arms.sum(axis=-1)
        - special.gammaln(CONCENTRATION + counts.sum(axis=-1))
        + special.gammaln(CONCENTRATION)
    )
    return log_e


def _tested(untested: SampleRatio, counts: Floats, shares: Floats) -> SampleRatio:
    expected = counts.sum() * shares
    chi_square = float(np.sum((counts - expected) ** 2 / expected))
    df = len(counts) - 1
    log_e = float(log_e_process(counts, shares))
    return msgspec.structs.replace(
        untested,
        alarm=untested.alarm or log_e >= -math.log(ALARM),
        log_e=log_e,
        p_value=math.exp(min(0.0, -log_e)),
        chi_square=chi_square,
        chi_square_df=df,
        chi_square_p_value=float(special.chdtrc(df, chi_square)),
    )


def _refuse_bad_input(counts: Sequence[int], weights: Sequence[Fraction]) -> None:
    if len(counts) != len(weights):
        raise ArgumentError("counts", f"must be as many as weights, {len(weights)}")
    wholes("counts", counts, at_least=0)
    for place, weight in enumerate(weights):
        exact_weight(f"weights[{place}]", weight)
    if not any(weights):
        raise ArgumentError("weights", "must have at least one above 0")
