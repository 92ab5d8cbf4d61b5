"""One variant on one metric: units, mean, interval, and how alike contacts of an account are.

Means are shown only where a comparison with another variant is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from inference.arms import Arm, Arms
from inference.comparison import Interval
from inference.empirical_bayes import Group, ShrunkenShare, shrink
from inference.measured_clusters import MeasuredClusters, measured_clusters
from inference.pairs import PairReading
from inference.plan import ExperimentPlan, MetricMoments, MetricPlan
from inference.proportions import wilson
from inference.welch import interval_of_mean
from schemas.resources import MetricKind


class OutcomeReading(msgspec.Struct, frozen=True, kw_only=True):
    """One variant on one metric; mean and its interval are absent as long as nothing is shown.

    `capped` counts units above the cap, where one is registered. `shrunken` is the share drawn
    towards those of all groups, for three observed groups or more: to be shown side by side, never
    tested. `clusters` exists for a share of contacts in an experiment on accounts: n counts
    accounts.
    """

    variant: str
    n: int
    still_open: int
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None
    clusters: MeasuredClusters | None = None
    capped: int | None = None
    shrunken: ShrunkenShare | None = None


def read_outcomes(
    plan: ExperimentPlan,
    metric: MetricPlan,
    cells: Sequence[MetricMoments],
    arms: Arms,
    pairs: Sequence[PairReading],
) -> tuple[OutcomeReading, ...]:
    """All variants on a metric, the control first; `cells` and `arms` are in that order."""
    shown = {name for pair in pairs if pair.is_shown for name in (pair.baseline, pair.variant)}
    shrunken = _shrunken(plan, metric, cells) if len(shown) == len(plan.arms) else None
    found = []
    for number, (variant, cell) in enumerate(zip(plan.control_first, cells, strict=True)):
        arm = arms[number] if variant.variant in shown else None
        counts = OutcomeReading(
            variant=variant.variant,
            n=cell.mature.n,
            still_open=cell.still_open.n,
            capped=cell.uncapped.units if cell.uncapped else None,
            shrunken=shrunken[number] if shrunken else None,
        )
        found.append(
            _with_mean(counts, plan, metric, cell, arm) if isinstance(arm, Arm) else counts
        )
    return tuple(found)


def _shrunken(
    plan: ExperimentPlan, metric: MetricPlan, cells: Sequence[MetricMoments]
) -> tuple[ShrunkenShare, ...] | None:
    """Only where groups were observed: between randomised variants it would hide the effect."""
    if plan.randomised or metric.kind is not MetricKind.CONVERSION or len(cells) < 3:
        return None
    groups = [Group(cell.mature.sum_y, cell.mature.n) for cell in cells]
    found = shrink(groups, level=1 - plan.alpha)
    return found.shares if found else None


def _with_mean(
    counts: OutcomeReading, plan: ExperimentPlan, metric: MetricPlan, cell: MetricMoments, arm: Arm
) -> OutcomeReading:
    interval = _interval_of(metric, cell, arm, level=1 - plan.alpha)
    clusters = measured_clusters(cell.mature) if metric.is_share else None
    return msgspec.structs.replace(
        counts,
        mean=float(arm.mean),
        lower=interval.lower if interval else None,
        upper=interval.upper if interval else None,
        clusters=clusters if isinstance(clusters, MeasuredClusters) else None,
    )


def _interval_of(
    metric: MetricPlan, cell: MetricMoments, arm: Arm, *, level: float
) -> Interval | None:
    if metric.kind is MetricKind.CONVERSION:
        return wilson(cell.mature.sum_y, arm.n, level=level)
    return interval_of_mean(arm, level=level)
