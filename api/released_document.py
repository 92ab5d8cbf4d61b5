"""The results as people see them: figures of the last step, counts and obstacles of now. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from api.counted import Counted
from api.released_figures import in_use, observations_with
from api.results_document import read_of, results_of
from inference.readings import obstacle_of
from schemas.resources import Experiment
from schemas.wording import Language
from storage.released_readings import Figures, MetricFigures
from transparency.breakdowns import breakdown_document
from transparency.releases import NextStep, next_step, sentence_of

Document = Mapping[str, Any]

PENDING = "next_step_pending"
"""The reason of a comparison that waits for its first step."""


def released_documents(
    experiment: Experiment,
    counted: Counted,
    figures: Figures,
    live: Mapping[Language, Document],
    *,
    released_at: datetime | None,
) -> dict[Language, Document]:
    """Return, by language, what people see: `live` are the documents that operators see."""
    shown = in_use(figures, counted.totals.body)
    observations = observations_with(shown, counted)
    read = read_of(experiment, replace(counted, observations=observations))
    steps = _steps(figures, counted)
    waits = _waiting(shown, counted)
    return {
        language: _document(
            msgspec.to_builtins(results_of(read, language)), whole, shown, steps, waits, language
        )
        | _release(released_at, shown, steps, language)
        | _breakdowns(figures, counted)
        for language, whole in live.items()
    }


def _document(
    held: dict[str, Any],
    live: Document,
    shown: Mapping[str, MetricFigures],
    steps: Mapping[str, NextStep],
    waiting: frozenset[str],
    language: Language,
) -> dict[str, Any]:
    metrics = [
        _metric(metric, now, shown.get(metric["metric"]))
        for metric, now in zip(held["metrics"], live["metrics"], strict=True)
    ]
    for metric in metrics:
        key = metric["metric"]
        metric["next_step_units"] = steps[key].units if key in steps else None
        if key in waiting:
            sentence = sentence_of(steps[key], has_figures=False).in_language(language)
            metric["pairs"] = [_pending(pair, sentence) for pair in metric["pairs"]]
    return {**held, "metrics": metrics}


def _release(
    released_at: datetime | None,
    shown: Mapping[str, MetricFigures],
    steps: Mapping[str, NextStep],
    language: Language,
) -> dict[str, Any]:
    """What stands beside the whole: the first metric registered speaks for all."""
    first = next(iter(steps), None)
    sentence = (
        None
        if first is None
        else sentence_of(steps[first], has_figures=first in shown).in_language(language)
    )
    at = None if released_at is None else msgspec.to_builtins(released_at)
    return {"released_at": at, "release_sentence": sentence}


def _breakdowns(figures: Figures, counted: Counted) -> dict[str, Any]:
    """Breakdowns by the dimensions that were registered; nothing where there are none."""
    experiment = counted.totals.body.experiment
    variants = [variant.key for variant in experiment.variants]
    documents = [
        breakdown_document(dimension, figures.breakdowns[dimension.field], variants)
        for dimension in experiment.dimensions
        if dimension.field in figures.breakdowns
    ]
    return {"breakdowns": documents} if documents else {}


def _metric(
    held: dict[str, Any], live: Mapping[str, Any], figures: MetricFigures | None
) -> dict[str, Any]:
    """One metric: `n` counts the units in the figures, what is still open and mature is of now."""
    return {
        **held,
        "mature_units": live["mature_units"],
        "expected_at": live["expected_at"],
        "released_at": None if figures is None else msgspec.to_builtins(figures.released_at),
        "arms": [
            _arm(arm, now, figures) for arm, now in zip(held["arms"], live["arms"], strict=True)
        ],
    }


def _arm(
    held: dict[str, Any], live: Mapping[str, Any], figures: MetricFigures | None
) -> dict[str, Any]:
    sums = None if figures is None else figures.sums.get(held["variant"])
    found = {
        **held,
        "still_open": live["still_open"],
        "moments_still_open": {"n": live["moments_still_open"]["n"]},
        "incomplete": None if sums is None else sums.incomplete,
    }
    return found if sums is not None else {**found, "capped": None}


def _pending(pair: dict[str, Any], sentence: str) -> dict[str, Any]:
    return {**pair, "reason": PENDING, "sentence": sentence} if _is_held(pair) else pair


def _is_held(pair: Mapping[str, Any]) -> bool:
    return bool(pair["status"] == "collecting")


def _steps(figures: Figures, counted: Counted) -> dict[str, NextStep]:
    shown = figures.mature
    return {
        key: next_step(shown.get(key, {}), arms, intake_is_open=counted.intake_is_open)
        for key, arms in counted.progress.items()
    }


def _waiting(shown: Mapping[str, MetricFigures], counted: Counted) -> frozenset[str]:
    """The metrics that have mature units and no figures, and nothing but the step in the way."""
    if obstacle_of(counted.plan, counted.observations, now=counted.now) is not None:
        return frozenset()
    return frozenset(
        key
        for key, arms in counted.progress.items()
        if key not in shown and any(arm.mature for arm in arms.values())
    )
