"""What people see of an explanation: units by variant, which are open to them anyway. Pure.

Sums and events, line by line, are of this moment: two explanations one after the other would tell
what a few accounts did in between. Figures that people see are those of the last step.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from api.explanations import ExplainedMetric, FateLine, explained_metric
from api.observations import observations_of
from inference.plan import ArmCounts, MetricMoments
from schemas.wording import Sentence
from storage.readings import ExperimentTotals


class ShownVariant(msgspec.Struct, frozen=True, kw_only=True):
    """One variant: its units now, and those behind the figures that people see.

    The deployment's own token sees `VariantLine` instead: no `in_figures`, and the last four.
    """

    variant: str
    exposed: int
    mixed: int
    mature: int
    still_open: int
    in_figures: int | msgspec.UnsetType = msgspec.UNSET
    incomplete: int | msgspec.UnsetType = msgspec.UNSET
    events_add_up_to: str | msgspec.UnsetType = msgspec.UNSET
    sum_of_outcomes: str | msgspec.UnsetType = msgspec.UNSET
    reconciles: bool | msgspec.UnsetType = msgspec.UNSET


class ShownExplanation(ExplainedMetric, frozen=True, kw_only=True):
    """One metric explained as far as may be seen; `withheld` says why there is no more.

    The deployment's own token sees `Explanation` instead: no `withheld`, and the last two.
    """

    variants: tuple[ShownVariant, ...]
    withheld: Sentence | str | msgspec.UnsetType = msgspec.UNSET
    stored_events: int | msgspec.UnsetType = msgspec.UNSET
    events: tuple[FateLine, ...] | msgspec.UnsetType = msgspec.UNSET


def shown_explanation(
    totals: ExperimentTotals, number: int, in_figures: Mapping[str, int], *, now: datetime
) -> ShownExplanation:
    """Explain metric `number` by units alone; `in_figures` are those of the last step."""
    experiment = totals.body.experiment
    key = experiment.metrics[number].metric
    observations = observations_of(totals, now=now)
    return ShownExplanation(
        **msgspec.structs.asdict(explained_metric(totals, number, now=now)),
        variants=tuple(
            _variant(
                variant.key,
                observations.units.get(variant.key, ArmCounts()),
                observations.moments.get((variant.key, key), MetricMoments()),
                in_figures.get(variant.key, 0),
            )
            for variant in experiment.variants
        ),
        withheld=_WITHHELD,
    )


def _variant(variant: str, units: ArmCounts, sums: MetricMoments, in_figures: int) -> ShownVariant:
    return ShownVariant(
        variant=variant,
        exposed=units.exposed,
        mixed=units.mixed,
        mature=sums.mature.n,
        still_open=sums.still_open.n,
        in_figures=in_figures,
    )


_WITHHELD = Sentence(
    en="Sums and single events are not shown: two explanations, one after the other, would tell "
    "what a few accounts did in between.",
    de="Summen und einzelne Ereignisse werden nicht gezeigt: Zwei Erklärungen nacheinander "
    "verrieten, was wenige Accounts dazwischen getan haben.",
)
