"""One variant against its baseline on one metric: every method that fits the kind, and the status.

The always-valid interval decides; the fixed ones (Welch, proportions) stand beside it for a single
planned look, and the covariate-adjusted ones for less noise.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from inference.arms import Arm, arm_of_means
from inference.comparison import Comparison, NotComparable, Reason
from inference.cuped import adjusted_arms
from inference.moments import Moments
from inference.plan import ArmPlan, ExperimentPlan, MetricPlan
from inference.proportions import compare_proportions
from inference.ratios import arm_of_ratio
from inference.sentences import Pair, sentence_of_estimate, sentence_of_obstacle
from inference.sequences import compare_at_any_time
from inference.statuses import (
    Obstacle,
    Status,
    obstacle_of_method,
    obstacle_of_pair,
    status_of,
)
from inference.welch import compare_means
from inference.wording import Sentence
from schemas.resources import MetricKind


class PairReading(msgspec.Struct, frozen=True, kw_only=True):
    """Variant minus baseline; every comparison is absent where `reason` says why.

    `proportions` exists for conversions, `adjusted` and `adjusted_fixed` for metrics with a
    covariate, or `adjustment_reason` in their place.
    """

    baseline: str
    variant: str
    status: Status
    reason: Reason | None = None
    n_baseline: int
    n_variant: int
    planned_units: float
    always_valid: Comparison | None = None
    fixed: Comparison | None = None
    proportions: Comparison | None = None
    adjusted: Comparison | None = None
    adjusted_fixed: Comparison | None = None
    adjustment_reason: Reason | None = None
    sentence: Sentence

    @property
    def is_shown(self) -> bool:
        """Whether there is an estimate."""
        return self.always_valid is not None


class Sums(NamedTuple):
    """Mature moments of a baseline and of the variant compared with it."""

    baseline: Moments
    variant: Moments


def read_pair(
    plan: ExperimentPlan,
    metric: MetricPlan,
    arms: tuple[ArmPlan, ArmPlan],
    sums: Sums,
    obstacle: Obstacle | None,
) -> PairReading:
    """The reading of `arms` (baseline, variant); `obstacle` is the experiment's, if it has one."""
    pair = Pair(plan, metric, *arms, sums.baseline.n, sums.variant.n)
    obstacle = obstacle or obstacle_of_pair(metric, *sums)
    if obstacle is not None:
        return _without_estimate(pair, obstacle)
    values = [arm_of_outcomes(metric, moments) for moments in sums]
    always_valid = compare_at_any_time(
        *values, planned_units=plan.planned_units_of(*arms), alpha=plan.alpha
    )
    fixed = compare_means(*values, level=1 - plan.alpha)
    if isinstance(always_valid, NotComparable):
        return _without_estimate(pair, obstacle_of_method(always_valid))
    if isinstance(fixed, NotComparable):
        return _without_estimate(pair, obstacle_of_method(fixed))
    return _with_estimate(pair, sums, always_valid, fixed)


def arm_of_outcomes(metric: MetricPlan, moments: Moments) -> Arm | NotComparable:
    """The arm's mean or ratio in the metric's units, by the kind of the metric."""
    if metric.kind is MetricKind.RATIO:
        return arm_of_ratio(moments, scale=metric.scale, denominator_scale=metric.denominator_scale)
    return arm_of_means(moments, scale=metric.scale)


def _without_estimate(pair: Pair, obstacle: Obstacle) -> PairReading:
    return PairReading(
        baseline=pair.baseline.variant,
        variant=pair.variant.variant,
        status=obstacle.status,
        reason=obstacle.reason,
        n_baseline=pair.n_baseline,
        n_variant=pair.n_variant,
        planned_units=pair.plan.planned_units_of(pair.baseline, pair.variant),
        sentence=sentence_of_obstacle(pair, obstacle),
    )


def _with_estimate(
    pair: Pair, sums: Sums, always_valid: Comparison, fixed: Comparison
) -> PairReading:
    status = status_of(pair.plan, pair.metric, always_valid)
    adjusted, adjusted_fixed = _adjusted(pair, sums)
    return PairReading(
        baseline=pair.baseline.variant,
        variant=pair.variant.variant,
        status=status,
        n_baseline=pair.n_baseline,
        n_variant=pair.n_variant,
        planned_units=pair.plan.planned_units_of(pair.baseline, pair.variant),
        always_valid=always_valid,
        fixed=fixed,
        proportions=_shown(_proportions(pair, sums)),
        adjusted=_shown(adjusted),
        adjusted_fixed=_shown(adjusted_fixed),
        adjustment_reason=adjusted.reason if isinstance(adjusted, NotComparable) else None,
        sentence=sentence_of_estimate(pair, status, always_valid),
    )


def _proportions(pair: Pair, sums: Sums) -> Comparison | NotComparable | None:
    if pair.metric.kind is not MetricKind.CONVERSION:
        return None
    return compare_proportions(*sums, level=1 - pair.plan.alpha)


def _adjusted(pair: Pair, sums: Sums) -> tuple[Comparison | NotComparable | None, ...]:
    metric, plan = pair.metric, pair.plan
    if not metric.has_covariate or metric.kind is MetricKind.RATIO:
        return None, None
    arms = adjusted_arms(*sums, scale=metric.scale)
    planned_units = plan.planned_units_of(pair.baseline, pair.variant)
    return (
        compare_at_any_time(*arms, planned_units=planned_units, alpha=plan.alpha),
        compare_means(*arms, level=1 - plan.alpha),
    )


def _shown(result: Comparison | NotComparable | None) -> Comparison | None:
    return result if isinstance(result, Comparison) else None
