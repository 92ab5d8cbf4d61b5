"""What stands beside a comparison that is shown, and decides nothing: further views of the same.

The Bayesian view, the effect by exposure week with its trend, and the figure without the cap.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from inference.arms import Arm, Arms, arm_of_means
from inference.bayesian import Belief, belief_in_difference
from inference.comparison import Comparison
from inference.novelty import Trend, effect_by_week, trend_of
from inference.pairs import PairReading
from inference.plan import ExperimentPlan, MetricMoments, MetricPlan
from inference.statuses import fewest_units
from inference.welch import compare_means
from schemas.resources import MetricKind


def with_views(
    plan: ExperimentPlan,
    metric: MetricPlan,
    cells: Sequence[MetricMoments],
    arms: Arms,
    pairs: Sequence[PairReading],
) -> tuple[PairReading, ...]:
    """The pairs of a metric with their views; `cells` and `arms` in the order of the arms.

    Pairs without an estimate, and those that single units decide, have none.
    """
    place = {arm.variant: number for number, arm in enumerate(plan.control_first)}
    return tuple(
        _with_views(plan, metric, pair, cells, arms, place[pair.baseline], place[pair.variant])
        if pair.fixed is not None
        else pair
        for pair in pairs
    )


def _with_views(
    plan: ExperimentPlan,
    metric: MetricPlan,
    pair: PairReading,
    cells: Sequence[MetricMoments],
    arms: Arms,
    baseline: int,
    variant: int,
) -> PairReading:
    weeks = effect_by_week(
        cells[baseline].weeks,
        cells[variant].weeks,
        scale=metric.scale,
        denominator_scale=metric.denominator_scale if metric.kind is MetricKind.RATIO else None,
        level=1 - plan.alpha,
        fewest=fewest_units(metric),
    )
    trend = trend_of(weeks, level=1 - plan.alpha)
    return msgspec.structs.replace(
        pair,
        belief=_belief(metric, pair, arms[baseline]) if plan.randomised else None,
        weeks=weeks,
        trend=trend if isinstance(trend, Trend) else None,
        uncapped=_uncapped(plan, metric, cells[baseline], cells[variant]),
    )


def _belief(metric: MetricPlan, pair: PairReading, baseline: object) -> Belief | None:
    """At the level of the interval that decides, so that both change colour at the same α."""
    fixed = pair.fixed
    if fixed is None or fixed.standard_error is None or not isinstance(baseline, Arm):
        return None
    found = belief_in_difference(
        fixed.estimate,
        fixed.standard_error,
        float(baseline.mean),
        level=1 - pair.alpha,
        decrease_is_better=metric.direction == "decrease",
    )
    return found if isinstance(found, Belief) else None


def _uncapped(
    plan: ExperimentPlan, metric: MetricPlan, baseline: MetricMoments, variant: MetricMoments
) -> Comparison | None:
    if baseline.uncapped is None or variant.uncapped is None:
        return None
    arms = [
        arm_of_means(cell.uncapped.sums, scale=metric.scale)
        for cell in (baseline, variant)
        if cell.uncapped is not None
    ]
    found = compare_means(*arms, level=1 - plan.alpha)
    return found if isinstance(found, Comparison) else None
