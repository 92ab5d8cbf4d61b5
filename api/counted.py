"""An experiment as it was counted at one moment: what its readings are made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from api.observations import mature_units, observations_of, plan_of
from inference.plan import ExperimentPlan, MetricMoments, Observations
from storage.readings import ExperimentTotals
from storage.unit_outcomes import UnitOutcomes
from transparency.reading_steps import ArmProgress

NONE = MetricMoments()

Name = tuple[str, str]
"""Variant and metric."""
Progress = Mapping[str, Mapping[str, ArmProgress]]
"""By metric and variant."""


class Counted(msgspec.Struct, frozen=True):
    """Everything as it was counted at one moment: what operators read."""

    totals: ExperimentTotals
    plan: ExperimentPlan
    observations: Observations
    now: datetime

    @property
    def intake_is_open(self) -> bool:
        """Whether further units may come in."""
        return self.plan.ends_at is None or self.now < self.plan.ends_at

    @property
    def progress(self) -> Progress:
        """How far units have matured, on every metric that can have figures."""
        return {
            metric.key: {
                arm.variant: _progress(self.moments((arm.variant, metric.key)))
                for arm in self.plan.arms
            }
            for metric in self.plan.metrics
            if not metric.is_invalidated
        }

    def with_units(self, units: Sequence[UnitOutcomes] | None) -> Counted:
        """Return the same with single units, where they were few enough to be read."""
        if units is None:
            return self
        outcomes = mature_units(self.totals.body, units, self.now)
        observations = msgspec.structs.replace(self.observations, unit_outcomes=outcomes)
        return msgspec.structs.replace(self, observations=observations)

    def moments(self, name: Name) -> MetricMoments:
        """Return the sums of a variant on a metric."""
        return self.observations.moments.get(name, NONE)


def count(totals: ExperimentTotals, *, now: datetime) -> Counted:
    """Return what the totals come to at a time, single units left out."""
    return Counted(totals, plan_of(totals.body), observations_of(totals, now=now), now)


def _progress(cell: MetricMoments) -> ArmProgress:
    return ArmProgress(cell.mature.n, cell.mature.n + cell.still_open.n)
