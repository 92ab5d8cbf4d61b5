"""What may be concluded: the status of a reading, and the reason where there is no estimate."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference import reasons
from inference.comparison import Reason
from inference.exact import Floats, Mask
from inference.layout import PairRows
from inference.plan import ArmCounts, MetricPlan, Observations
from inference.reasons import Reasons
from inference.sums import Sums
from schemas.resources import MetricKind

FEWEST_UNITS = 10
FEWEST_UNITS_OF_A_RATIO = 40
"""Below it the delta method gives 8 to 11 % false alarms where it promises 5 %."""
FEWEST_EVENTS = 10
FULL_WEEK = timedelta(days=7)
MIXED_SHARE_WARNING = 0.01
MIXED_SHARE_LIMIT = 0.10


class Status(StrEnum):
    """What a reading says; the first two show no estimate, the last three are a guardrail's."""

    COLLECTING = "collecting"
    INVALID = "invalid"
    UNDECIDED = "undecided"
    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    OBSERVATIONAL = "observational"
    SAFE = "safe"
    HARMED = "harmed"
    UNCLEAR = "unclear"


STATUSES = tuple(Status)
Statuses = NDArray[np.int8]
"""Positions in `STATUSES`."""
_CODES = {status: code for code, status in enumerate(STATUSES)}
_INVALIDATING = (
    Reason.SAMPLE_RATIO_MISMATCH,
    Reason.TOO_MANY_MIXED_UNITS,
    Reason.OUT_OF_RANGE,
    Reason.DEFINITION_CHANGED,
)
"""More units cure every other reason."""
FLOORS = (
    Reason.UNIT_OUTCOMES_MISSING,
    Reason.TOO_FEW_UNITS,
    Reason.TOO_FEW_EVENTS,
    Reason.FAR_FROM_PLAN,
)
"""Reasons of moments alone: single units may have more to say."""


class Limits(NamedTuple):
    """The intervals that decide, one row per pair; NaN in rows with a reason."""

    reasons: Reasons
    lower: Floats
    upper: Floats


def obstacle_of_experiment(
    observations: Observations, now: datetime, *, sample_ratio_alarm: bool
) -> Reason | None:
    """What keeps every metric of the experiment from being read, if anything."""
    if sample_ratio_alarm:
        return Reason.SAMPLE_RATIO_MISMATCH
    if mixed_share(*observations.units.values()) > MIXED_SHARE_LIMIT:
        return Reason.TOO_MANY_MIXED_UNITS
    if not observations.backfill_complete:
        return Reason.BACKFILL_RUNNING
    if observations.exposed_since is None:
        return Reason.NO_EXPOSURE
    if now - observations.exposed_since < FULL_WEEK:
        return Reason.LESS_THAN_A_WEEK
    return None


def below_the_floors(rows: PairRows, sums: Sums) -> Reasons:
    """Whether an arm has too few mature units, or too few events for a conversion."""
    fewest = np.where(rows.is_ratio, FEWEST_UNITS_OF_A_RATIO, FEWEST_UNITS)
    units, few = sums.counts(), np.asarray(sums.sum_y < FEWEST_EVENTS, dtype=bool)
    too_few_units = np.minimum(units[rows.baseline], units[rows.variant]) < fewest
    too_few_events = rows.is_conversion & (few[rows.baseline] | few[rows.variant])
    return reasons.first(
        reasons.where(too_few_units, Reason.TOO_FEW_UNITS),
        reasons.where(too_few_events, Reason.TOO_FEW_EVENTS),
    )


def statuses_of(rows: PairRows, limits: Limits) -> Statuses:
    """The status that the deciding interval gives, or that the reason for its absence gives.

    A difference inside the equivalence range is `equivalent` even where it excludes zero: the
    range was registered as what does not matter. A guardrail is `safe` where all of the interval
    lies above the worsening that it allows, `harmed` where all of it lies below.
    """
    rises = rows.wanted > 0
    lower = np.where(rises, limits.lower, -limits.upper)
    upper = np.where(rises, limits.upper, -limits.lower)
    inside = np.maximum(-lower, upper) < rows.equivalence
    guarded = rows.is_guardrail & rows.is_randomised
    cases = [
        (_is_invalid(limits.reasons), Status.INVALID),
        (limits.reasons != reasons.NONE, Status.COLLECTING),
        (~rows.is_randomised, Status.OBSERVATIONAL),
        (guarded & (lower > -rows.margin), Status.SAFE),
        (guarded & (upper < -rows.margin), Status.HARMED),
        (guarded, Status.UNCLEAR),
        (inside, Status.EQUIVALENT),
        (lower > 0, Status.BETTER),
        (upper < 0, Status.WORSE),
    ]
    return np.select(
        [mask for mask, _ in cases],
        [np.int8(_CODES[status]) for _, status in cases],
        default=np.int8(_CODES[Status.UNDECIDED]),
    )


def fewest_units(metric: MetricPlan) -> int:
    """Mature units that each arm needs before an estimate is shown."""
    return FEWEST_UNITS_OF_A_RATIO if metric.kind is MetricKind.RATIO else FEWEST_UNITS


def mixed_share(*counts: ArmCounts) -> float:
    """Mixed units as a share of all that were exposed."""
    mixed = sum(arm.mixed for arm in counts)
    exposed = sum(arm.exposed for arm in counts)
    return mixed / (mixed + exposed) if mixed else 0.0


def _is_invalid(missing: Reasons) -> Mask:
    return np.isin(missing, [reasons.code_of(reason) for reason in _INVALIDATING])
