"""Is the split what was registered, on every exposure day and through changes of the weights?

A day that went wrong drowns in the total; weights that were changed make the total look wrong.
Both tests are e-values like the total's (Lindon, Malek 2022) and may be watched. Misleads where
units are put under the day on which they were counted instead of that of their first exposure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

import msgspec
import numpy as np
from scipy import special

from inference.sample_ratio import ALARM, SampleRatio, read_sample_ratio


class DayRatio(msgspec.Struct, frozen=True):
    """The split of the units that were first exposed on this day."""

    day: date
    split: SampleRatio


class DailySampleRatio(msgspec.Struct, frozen=True, kw_only=True):
    """Every exposure day by itself, and whether any of them departs from the registered shares.

    `log_e` is that of all days together; without units there is no day.
    """

    days: tuple[DayRatio, ...]
    log_e: float
    p_value: float
    alarm: bool


class EpochSampleRatio(msgspec.Struct, frozen=True, kw_only=True):
    """Stretches of time with weights of their own, and the evidence of all of them together."""

    epochs: tuple[SampleRatio, ...]
    log_e: float
    p_value: float
    alarm: bool
    chi_square: float | None
    chi_square_df: int
    chi_square_p_value: float | None


def read_daily_sample_ratio(
    counts: Mapping[date, Sequence[int]], weights: Sequence[Fraction]
) -> DailySampleRatio:
    """Units per arm by day; the d-th day has the share 1/(d(d+1)) of the evidence.

    The shares of all days to come add up to 1, so that their weighted e-values are one e-value,
    however long the experiment runs. A day's own alarm does not stand by itself.
    """
    days = tuple(DayRatio(day, read_sample_ratio(counts[day], weights)) for day in sorted(counts))
    number = np.arange(1, len(days) + 1)
    logarithms = np.array([day.split.log_e or 0.0 for day in days])
    seen = logarithms - np.log(number * (number + 1.0))
    log_e = float(special.logsumexp(np.append(seen, -math.log(len(days) + 1))))
    return DailySampleRatio(
        days=days,
        log_e=log_e,
        p_value=_p_value(log_e),
        alarm=_alarms(log_e, [day.split for day in days]),
    )


def read_epochs_sample_ratio(
    epochs: Sequence[tuple[Sequence[int], Sequence[Fraction]]],
) -> EpochSampleRatio:
    """Units per arm and the weights they were split by, per stretch of time.

    E-values of successive stretches multiply; χ² and its degrees of freedom add.
    """
    splits = tuple(read_sample_ratio(*epoch) for epoch in epochs)
    log_e = sum(split.log_e or 0.0 for split in splits)
    tested = [split for split in splits if split.chi_square is not None]
    chi_square = sum(split.chi_square or 0.0 for split in tested)
    df = sum(split.chi_square_df or 0 for split in tested)
    return EpochSampleRatio(
        epochs=splits,
        log_e=log_e,
        p_value=_p_value(log_e),
        alarm=_alarms(log_e, splits),
        chi_square=chi_square if tested else None,
        chi_square_df=df,
        chi_square_p_value=float(special.chdtrc(df, chi_square)) if tested else None,
    )


def _p_value(log_e: float) -> float:
    return math.exp(min(0.0, -log_e))


def _alarms(log_e: float, splits: Sequence[SampleRatio]) -> bool:
    unregistered = any(split.unregistered_units for split in splits)
    return unregistered or log_e >= -math.log(ALARM)
