"""The results of one experiment as JSON: the reading, and everything it was made from. Pure.

Readings pass through under the names that inference gives them, so that a new method appears here
by itself; the exact moments stand beside them, sums as text, for they outgrow 64 bits.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from api.counted import Counted
from api.intake import Intake, intake_of
from api.observations import incomplete_units
from inference.moments import Moments
from inference.plan import ExperimentPlan, MetricMoments, Observations
from inference.readings import ExperimentReading, read_experiment
from schemas.resources import Experiment
from schemas.wording import Language
from storage.readings import ExperimentTotals

NO_SUMS = MetricMoments()


class Backfill(msgspec.Struct, frozen=True, kw_only=True):
    """How far the stored history is counted under the definition that is read.

    `newer_definition` is true while a newer one is being built that will take its place.
    """

    complete: bool
    homes_built: int
    homes: int
    newer_definition: bool


class ResultsForAll(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody has who may see an experiment; the parts of a part depend on the level."""

    experiment: Mapping[str, Any]
    read_at: datetime | None
    epoch: int
    reporting_currency: str
    backfill: Backfill
    intake: Mapping[str, Any]
    exposed_since: datetime | None
    mixed_share: float
    sample_ratio: Mapping[str, Any] | None
    sample_ratio_by_day: Mapping[str, Any] | None
    evidence: str
    evidence_sentence: str
    cautions: tuple[str, ...]
    arms: tuple[Mapping[str, Any], ...]
    metrics: tuple[Mapping[str, Any], ...]


class Results(ResultsForAll, frozen=True, kw_only=True):
    """Everything at one moment of the database."""

    decisions: tuple[Mapping[str, Any], ...]


class ShownResults(ResultsForAll, frozen=True, kw_only=True):
    """What somebody may see of the results: what is held back is absent, and `withheld` says why.

    The deployment's own token sees `Results` whole, without the last six. For all others figures
    move in steps: `released_at` is the last one, and `release_sentence` says what the next waits
    for; a metric has its own `released_at` and the `next_step_units` that still have to mature.
    """

    decisions: tuple[Mapping[str, Any], ...] | msgspec.UnsetType = msgspec.UNSET
    breakdowns: tuple[Mapping[str, Any], ...] | msgspec.UnsetType = msgspec.UNSET
    released_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    release_sentence: str | msgspec.UnsetType | None = msgspec.UNSET
    interpretation: str | msgspec.UnsetType | None = msgspec.UNSET
    interpretation_sentence: str | msgspec.UnsetType | None = msgspec.UNSET
    withheld: tuple[Mapping[str, Any], ...] | msgspec.UnsetType = msgspec.UNSET


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One reading with all that it was made from."""

    experiment: Experiment
    totals: ExperimentTotals
    plan: ExperimentPlan
    observations: Observations
    reading: ExperimentReading


def read_of(experiment: Experiment, counted: Counted) -> Read:
    """Read what was counted, as it stood then."""
    return Read(
        experiment=experiment,
        totals=counted.totals,
        plan=counted.plan,
        observations=counted.observations,
        reading=read_experiment(counted.plan, counted.observations, now=counted.now),
    )


def results_of(read: Read, language: Language) -> Results:
    """Return the document in one language."""
    reading = in_language(msgspec.to_builtins(read.reading), language)
    totals = read.totals
    return Results(
        experiment=read.experiment.model_dump(mode="json"),
        read_at=read.reading.read_at,
        epoch=totals.epoch,
        reporting_currency=totals.body.reporting_currency,
        backfill=Backfill(
            complete=totals.is_built,
            homes_built=totals.homes_built,
            homes=totals.homes,
            newer_definition=totals.is_rebuilding,
        ),
        intake=_intake(intake_of(totals), language),
        exposed_since=read.reading.exposed_since,
        mixed_share=read.reading.mixed_share,
        sample_ratio=reading["sample_ratio"],
        sample_ratio_by_day=reading["sample_ratio_by_day"],
        evidence=reading["evidence"],
        evidence_sentence=reading["evidence_sentence"],
        decisions=tuple(reading["decisions"]),
        cautions=tuple(reading["cautions"]),
        arms=tuple(reading["arms"]),
        metrics=tuple(_metric(metric, read) for metric in reading["metrics"]),
    )


def timeless(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document without what changes by the clock alone: equal where nothing happened."""
    metrics = [{**metric, "expected_at": None} for metric in document.get("metrics", ())]
    return {**document, "read_at": None, "metrics": metrics}


def _intake(intake: Intake, language: Language) -> Mapping[str, Any]:
    found: Mapping[str, Any] = in_language(msgspec.to_builtins(intake), language)
    return found


def _metric(metric: Mapping[str, Any], read: Read) -> Mapping[str, Any]:
    key = metric["metric"]
    (plan,) = (planned for planned in read.plan.metrics if planned.key == key)
    registered = read.totals.body.metrics[key]
    incomplete = incomplete_units(read.totals)
    return {
        **metric,
        "name": registered.name,
        "version": registered.version,
        "window_seconds": int(registered.window.total_seconds()),
        "scale": plan.scale,
        "denominator_scale": plan.denominator_scale,
        "arms": [
            {
                **arm,
                "incomplete": incomplete.get((arm["variant"], key), 0),
                **_sums(read.observations.moments.get((arm["variant"], key), NO_SUMS)),
            }
            for arm in metric["arms"]
        ],
        "pairs": [_pair(pair) for pair in metric["pairs"]],
    }


def _sums(sums: MetricMoments) -> dict[str, Any]:
    return {"moments": _exact(sums.mature), "moments_still_open": _exact(sums.still_open)}


def _exact(moments: Moments) -> dict[str, Any]:
    sums = {name: str(getattr(moments, name)) for name in Moments.__struct_fields__}
    return {**sums, "n": moments.n}


def _pair(pair: Mapping[str, Any]) -> Mapping[str, Any]:
    """The estimate that decides stands at the top; where there is none, `reason` says why."""
    decisive = pair[pair["deciding"]] if pair["deciding"] else None
    return {**pair, "estimate": None if decisive is None else decisive["estimate"]}


def in_language(value: Any, language: Language) -> Any:
    """Replace every sentence by its one language."""
    if isinstance(value, dict):
        if value.keys() == {"en", "de"}:
            return value[language]
        return {name: in_language(item, language) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [in_language(item, language) for item in value]
    return value
