"""The sentence that says in plain words what may be concluded, and what may not."""

from __future__ import annotations

import math

import msgspec

from inference.comparison import WATCHED, Comparison, Reason
from inference.conclusions import (
    CONCLUSIONS,
    ONE_LOOK_INTERVAL,
    UNDECIDED_AT_THE_END,
    WATCHED_INTERVAL,
    WITHOUT_MARGIN,
)
from inference.obstacles import OBSTACLES
from inference.plan import ArmPlan, ExperimentPlan, MetricPlan
from inference.statuses import FEWEST_EVENTS, Status, fewest_units
from inference.wording import (
    amount_in_words,
    count_in_words,
    percent_in_words,
    range_in_words,
)
from schemas.wording import Language, Sentence


class Pair(msgspec.Struct, frozen=True):
    """What is compared: a variant with its baseline on one metric, and their mature units."""

    plan: ExperimentPlan
    metric: MetricPlan
    baseline: ArmPlan
    variant: ArmPlan
    n_baseline: int
    n_variant: int


def sentence_of_estimate(pair: Pair, status: Status, difference: Comparison) -> Sentence:
    """What the deciding interval says."""
    template = _template(pair, status, difference)
    return Sentence(
        en=template.en.format(**_facts(pair, "en"), interval=_interval(pair, difference, "en")),
        de=template.de.format(**_facts(pair, "de"), interval=_interval(pair, difference, "de")),
    )


def sentence_of_obstacle(pair: Pair, reason: Reason) -> Sentence:
    """Why there is no estimate, and what helps."""
    template = OBSTACLES[reason]
    return Sentence(
        en=template.en.format(**_facts(pair, "en")), de=template.de.format(**_facts(pair, "de"))
    )


def sentence_of_mixed_units(share: float) -> Sentence:
    """The warning about units that met more than one variant."""
    return Sentence(
        en=f"{percent_in_words(share, 'en')} of the units met more than one variant and are left "
        "out; find out how a unit can change its variant.",
        de=f"{percent_in_words(share, 'de')} der Einheiten trafen mehr als eine Variante und "
        "bleiben außen vor; klären Sie, wie eine Einheit die Variante wechseln kann.",
    )


def _facts(pair: Pair, language: Language) -> dict[str, str]:
    return {
        "metric": pair.metric.name or pair.metric.key,
        "baseline": pair.baseline.name or pair.baseline.variant,
        "variant": pair.variant.name or pair.variant.variant,
        "units": _UNITS[pair.plan.unit, language],
        "n_baseline": count_in_words(pair.n_baseline, language),
        "n_variant": count_in_words(pair.n_variant, language),
        "fewest_units": count_in_words(fewest_units(pair.metric), language),
        "planned": count_in_words(
            math.ceil(pair.plan.planned_units_of(pair.baseline, pair.variant)), language
        ),
        "margin": amount_in_words(pair.metric.margin, pair.metric, pair.plan.unit, language),
        "fewest_events": count_in_words(FEWEST_EVENTS, language),
    }


def _template(pair: Pair, status: Status, difference: Comparison) -> Sentence:
    if pair.metric.margin is None and status in WITHOUT_MARGIN:
        return WITHOUT_MARGIN[status]
    if status is Status.UNDECIDED and difference.method not in WATCHED:
        return UNDECIDED_AT_THE_END
    return CONCLUSIONS[status]


def _interval(pair: Pair, difference: Comparison, language: Language) -> str:
    words = range_in_words(difference, pair.metric, pair.plan.unit, language)
    template = WATCHED_INTERVAL if difference.method in WATCHED else ONE_LOOK_INTERVAL
    level = percent_in_words(difference.level, language)
    text: str = getattr(template, language)
    return text.format(**msgspec.structs.asdict(words), level=level)


_UNITS = {
    ("account", "en"): "accounts",
    ("account", "de"): "Accounts",
    ("contact", "en"): "contacts",
    ("contact", "de"): "Kontakte",
}
