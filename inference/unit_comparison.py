"""The result of a method that reads unit outcomes: few units, exact tests, times until a deal.

Same promises as `comparison.Comparison`: finite numbers only, and no interval of width zero.
"""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec


class UnitMethod(StrEnum):
    """How unit outcomes were compared."""

    RANDOMISATION = "studentised_randomisation"
    CR2 = "cr2_satterthwaite"
    BOSCHLOO = "boschloo_exact"
    RESTRICTED_MEAN = "restricted_mean_survival_time"
    CUMULATIVE_INCIDENCE = "aalen_johansen"


class UnitComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Treatment minus control, in the metric's units, with its interval at `level`.

    `n_control` and `n_treatment` count the units that were randomised. For one look, at the
    registered end: none of these methods may be watched.
    """

    method: UnitMethod
    estimate: float
    lower: float
    upper: float
    level: float
    n_control: int
    n_treatment: int
    p_value: float
    standard_error: float | None = None
    statistic: float | None = None
    df: float | None = None

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{name} must be finite, not {value}")
        if not self.lower <= self.estimate <= self.upper or self.lower == self.upper:
            raise ValueError("lower <= estimate <= upper must hold, and lower < upper")

    @property
    def excludes_zero(self) -> bool:
        """Whether "no difference" lies outside the interval."""
        return self.lower > 0 or self.upper < 0


_NUMBERS = (
    "estimate",
    "lower",
    "upper",
    "level",
    "p_value",
    "standard_error",
    "statistic",
    "df",
)
