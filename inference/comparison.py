"""The one result type of every comparison of two arms, and the reason where there is none.

A `Comparison` holds finite numbers only; what cannot be computed is `NotComparable`, never a
p-value of 1, an interval of width zero, NaN or infinity.
"""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec


class Method(StrEnum):
    """How a comparison was computed."""

    WELCH = "welch_t"
    PROPORTIONS = "pooled_z_newcombe"
    CONFIDENCE_SEQUENCE = "asymptotic_confidence_sequence"


class Reason(StrEnum):
    """Why there is no estimate."""

    NO_UNITS = "no_units"
    ONE_UNIT = "one_unit"
    TOO_FEW_UNITS = "too_few_units"
    TOO_FEW_EVENTS = "too_few_events"
    FAR_FROM_PLAN = "far_from_plan"
    NO_VARIANCE = "no_variance"
    DENOMINATOR_NEAR_ZERO = "denominator_near_zero"
    NO_COVARIATE = "no_covariate"
    COVARIATE_IMBALANCE = "covariate_imbalance"
    OUT_OF_RANGE = "out_of_range"
    NO_EXPOSURE = "no_exposure"
    LESS_THAN_A_WEEK = "less_than_a_week"
    BACKFILL_RUNNING = "backfill_running"
    SAMPLE_RATIO_MISMATCH = "sample_ratio_mismatch"
    TOO_MANY_MIXED_UNITS = "too_many_mixed_units"


class Interval(msgspec.Struct, frozen=True):
    """Lower and upper limit."""

    lower: float
    upper: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Treatment minus control, in the metric's units, with its interval at `level`.

    `statistic`, `df` and `p_value` (two-sided) are absent where the method has none; `log_e` is
    the natural logarithm of the evidence against "no difference" of an always-valid method.
    """

    method: Method
    estimate: float
    lower: float
    upper: float
    level: float
    n_control: int
    n_treatment: int
    standard_error: float
    statistic: float | None = None
    df: float | None = None
    p_value: float | None = None
    log_e: float | None = None

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{name} must be finite, not {value}")
        if not self.lower <= self.estimate <= self.upper:
            raise ValueError("lower <= estimate <= upper must hold")

    @property
    def excludes_zero(self) -> bool:
        """Whether "no difference" lies outside the interval."""
        return self.lower > 0 or self.upper < 0


_NUMBERS = (
    "estimate",
    "lower",
    "upper",
    "level",
    "standard_error",
    "statistic",
    "df",
    "p_value",
    "log_e",
)


class NotComparable(msgspec.Struct, frozen=True):
    """There is no result, and this is why."""

    reason: Reason
    detail: str
