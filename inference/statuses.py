"""What may be concluded: the status of a reading, and the reason where there is no estimate."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from inference.comparison import Comparison, NotComparable, Reason
from inference.moments import Moments
from inference.plan import ArmCounts, ExperimentPlan, MetricPlan, Observations
from inference.sample_ratio import SampleRatio
from schemas.resources import MetricKind

FEWEST_UNITS = 10
FEWEST_UNITS_OF_A_RATIO = 40
"""Below it the delta method gives 8 to 11 % false alarms where it promises 5 %."""
FEWEST_EVENTS = 10
FULL_WEEK = timedelta(days=7)
MIXED_SHARE_WARNING = 0.01
MIXED_SHARE_LIMIT = 0.10


class Status(StrEnum):
    """What a reading says; the first two show no estimate."""

    COLLECTING = "collecting"
    INVALID = "invalid"
    UNDECIDED = "undecided"
    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    OBSERVATIONAL = "observational"


class Obstacle(msgspec.Struct, frozen=True):
    """No estimate is shown, with this status and for this reason."""

    status: Status
    reason: Reason


def obstacle_of_experiment(
    observations: Observations, sample_ratio: SampleRatio | None, now: datetime
) -> Obstacle | None:
    """What keeps every metric of the experiment from being read, if anything."""
    if sample_ratio is not None and sample_ratio.alarm:
        return Obstacle(Status.INVALID, Reason.SAMPLE_RATIO_MISMATCH)
    if mixed_share(*observations.units.values()) > MIXED_SHARE_LIMIT:
        return Obstacle(Status.INVALID, Reason.TOO_MANY_MIXED_UNITS)
    if not observations.backfill_complete:
        return Obstacle(Status.COLLECTING, Reason.BACKFILL_RUNNING)
    if observations.exposed_since is None:
        return Obstacle(Status.COLLECTING, Reason.NO_EXPOSURE)
    if now - observations.exposed_since < FULL_WEEK:
        return Obstacle(Status.COLLECTING, Reason.LESS_THAN_A_WEEK)
    return None


def obstacle_of_pair(metric: MetricPlan, *arms: Moments) -> Obstacle | None:
    """Whether an arm is still below the floor of mature units, or of events for a conversion."""
    if min(arm.n for arm in arms) < fewest_units(metric):
        return Obstacle(Status.COLLECTING, Reason.TOO_FEW_UNITS)
    if metric.kind is MetricKind.CONVERSION and min(arm.sum_y for arm in arms) < FEWEST_EVENTS:
        return Obstacle(Status.COLLECTING, Reason.TOO_FEW_EVENTS)
    return None


def obstacle_of_method(missing: NotComparable) -> Obstacle:
    """What a method could not compute: more units may cure it, except values out of range."""
    broken = missing.reason is Reason.OUT_OF_RANGE
    return Obstacle(Status.INVALID if broken else Status.COLLECTING, missing.reason)


def status_of(plan: ExperimentPlan, metric: MetricPlan, always_valid: Comparison) -> Status:
    """The status that an always-valid interval gives.

    A difference inside the equivalence range is `equivalent` even where it excludes zero: the
    range was registered as what does not matter.
    """
    if not plan.randomised:
        return Status.OBSERVATIONAL
    if metric.equivalence is not None and _lies_inside(always_valid, metric.equivalence):
        return Status.EQUIVALENT
    if not always_valid.excludes_zero:
        return Status.UNDECIDED
    rises = always_valid.estimate > 0
    return Status.BETTER if rises == (metric.direction == "increase") else Status.WORSE


def fewest_units(metric: MetricPlan) -> int:
    """Mature units that each arm needs before an estimate is shown."""
    return FEWEST_UNITS_OF_A_RATIO if metric.kind is MetricKind.RATIO else FEWEST_UNITS


def mixed_share(*counts: ArmCounts) -> float:
    """Mixed units as a share of all that were exposed."""
    mixed = sum(arm.mixed for arm in counts)
    exposed = sum(arm.exposed for arm in counts)
    return mixed / (mixed + exposed) if mixed else 0.0


def _lies_inside(comparison: Comparison, equivalence: float) -> bool:
    return -equivalence < comparison.lower and comparison.upper < equivalence
