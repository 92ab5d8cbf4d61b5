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
    LIFT_DELTA = "relative_lift_delta"
    LIFT_LOG = "relative_lift_log"
    LIFT_FIELLER = "relative_lift_fieller"
    LIFT_CONFIDENCE_SEQUENCE = "relative_lift_confidence_sequence"
    GROUP_SEQUENTIAL = "group_sequential"
    SAFE_TEST = "safe_test_2x2"
    BOSCHLOO = "boschloo_exact"
    RANDOMISATION = "studentised_randomisation"
    CR2 = "cr2_satterthwaite"
    RESTRICTED_MEAN = "restricted_mean_survival_time"
    CUMULATIVE_INCIDENCE = "aalen_johansen"


WATCHED = frozenset({Method.CONFIDENCE_SEQUENCE, Method.LIFT_CONFIDENCE_SEQUENCE, Method.SAFE_TEST})
"""Methods whose intervals stay valid however often one looks."""


class Reason(StrEnum):
    """Why there is no estimate."""

    NO_UNITS = "no_units"
    ONE_UNIT = "one_unit"
    TOO_FEW_UNITS = "too_few_units"
    TOO_FEW_EVENTS = "too_few_events"
    FAR_FROM_PLAN = "far_from_plan"
    NO_VARIANCE = "no_variance"
    DENOMINATOR_NEAR_ZERO = "denominator_near_zero"
    BASELINE_NEAR_ZERO = "baseline_near_zero"
    MEAN_NOT_POSITIVE = "mean_not_positive"
    NO_COVARIATE = "no_covariate"
    COVARIATE_IMBALANCE = "covariate_imbalance"
    OUT_OF_RANGE = "out_of_range"
    NO_EXPOSURE = "no_exposure"
    LESS_THAN_A_WEEK = "less_than_a_week"
    BACKFILL_RUNNING = "backfill_running"
    SAMPLE_RATIO_MISMATCH = "sample_ratio_mismatch"
    TOO_MANY_MIXED_UNITS = "too_many_mixed_units"
    DEFINITION_CHANGED = "definition_changed"
    DOES_NOT_APPLY = "does_not_apply"
    BEFORE_REGISTERED_END = "before_registered_end"
    UNIT_OUTCOMES_MISSING = "unit_outcomes_missing"
    NO_COMPLETE_BLOCK = "no_complete_block"
    NO_COMMON_DIFFERENCE = "no_common_difference"
    NO_POSSIBLE_P_VALUE = "no_possible_p_value"
    HORIZON_NOT_SEEN = "horizon_not_seen"
    TOO_FEW_WEEKS = "too_few_weeks"


class Interval(msgspec.Struct, frozen=True):
    """Lower and upper limit."""

    lower: float
    upper: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Treatment minus control, in the metric's units, with its interval at `level`.

    A relative lift is a share of the control's mean instead: 0.1 is 10 % more. `statistic`, `df`,
    `standard_error` and `p_value` (two-sided) are absent where the method has none; `log_e` is
    the natural logarithm of the evidence against "no difference" of an always-valid method.
    `n_control` and `n_treatment` count the units that were randomised.
    """

    method: Method
    estimate: float
    lower: float
    upper: float
    level: float
    n_control: int
    n_treatment: int
    standard_error: float | None = None
    statistic: float | None = None
    df: float | None = None
    p_value: float | None = None
    log_e: float | None = None

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


def not_comparable(reason: Reason) -> NotComparable:
    """The reason with its explanation."""
    return NotComparable(reason, _DETAILS[reason])


_DETAILS = {
    Reason.NO_UNITS: "an arm has no units",
    Reason.ONE_UNIT: "one unit has no variance",
    Reason.TOO_FEW_UNITS: "an arm has fewer mature units than are needed",
    Reason.TOO_FEW_EVENTS: "an arm has fewer events than are needed",
    Reason.FAR_FROM_PLAN: "too few of the planned units for an interval",
    Reason.NO_VARIANCE: "all units of both arms have the same value",
    Reason.DENOMINATOR_NEAR_ZERO: "the mean denominator is within two errors of zero",
    Reason.BASELINE_NEAR_ZERO: "the mean of the control is within two errors of zero",
    Reason.MEAN_NOT_POSITIVE: "a mean is not above zero by two errors",
    Reason.NO_COVARIATE: "the covariate does not vary within the arms",
    Reason.COVARIATE_IMBALANCE: "the arms differed before exposure (p < 0.001)",
    Reason.OUT_OF_RANGE: "values are too large to be compared",
    Reason.NO_EXPOSURE: "no unit has met a variant",
    Reason.LESS_THAN_A_WEEK: "less than a full week has been seen",
    Reason.BACKFILL_RUNNING: "the history is still being counted",
    Reason.SAMPLE_RATIO_MISMATCH: "the units are not split as registered",
    Reason.TOO_MANY_MIXED_UNITS: "too many units met more than one variant",
    Reason.DEFINITION_CHANGED: "what is counted was changed after the first exposure",
    Reason.DOES_NOT_APPLY: "the method does not fit this metric",
    Reason.BEFORE_REGISTERED_END: "so few units are read once, at the registered end",
    Reason.UNIT_OUTCOMES_MISSING: "the outcomes of single units are needed and were not given",
    Reason.NO_COMPLETE_BLOCK: "no block of both arms is complete",
    Reason.NO_COMMON_DIFFERENCE: "no constant difference fits the order of events",
    Reason.NO_POSSIBLE_P_VALUE: "so few units allow no p-value below 1 − level, whatever they did",
    Reason.HORIZON_NOT_SEEN: "an arm was not followed up to the horizon",
    Reason.TOO_FEW_WEEKS: "too few weeks have an effect of their own",
}
