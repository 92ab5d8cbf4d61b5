"""The registered decision rule, applied: adopt a variant, keep the control, or wait.

Adopt where at least one primary metric is better than with the control and every guardrail is
safe. The rule says what the data allow; people decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from inference.plan import ArmPlan, ExperimentPlan, MetricPlan
from inference.statuses import Status
from inference.wording import listed_in_words
from schemas.wording import Language, Sentence


class Verdict(StrEnum):
    """What the rule says about a variant."""

    ADOPT = "adopt"
    KEEP = "keep"
    WAIT = "wait"


class DecisionReading(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule says about one variant against the control, and the metrics that say so.

    The metrics are those that made a verdict, or those that a verdict still waits for.
    """

    variant: str
    verdict: Verdict
    metrics: tuple[str, ...]
    sentence: Sentence


def decide(
    plan: ExperimentPlan, variant: ArmPlan, statuses: Mapping[str, Status]
) -> DecisionReading:
    """The rule on the statuses of all metrics (by key) of this variant against the control."""
    harmed = _with(plan, statuses, "guardrail", {Status.HARMED})
    better = _with(plan, statuses, "primary", {Status.BETTER})
    unsure = _with(plan, statuses, "guardrail", set(Status) - {Status.SAFE, Status.HARMED})
    open_ = _with(plan, statuses, "primary", set(Status) - _SETTLED)
    if harmed:
        return _decision(variant, Verdict.KEEP, harmed, _HARMED)
    if better and not unsure:
        return _decision(variant, Verdict.ADOPT, better, _ADOPT)
    if better:
        return _decision(variant, Verdict.WAIT, unsure, _GUARDRAILS_OPEN)
    if open_:
        return _decision(variant, Verdict.WAIT, open_, _PRIMARY_OPEN)
    return _decision(variant, Verdict.KEEP, _with(plan, statuses, "primary", set(Status)), _NO_GAIN)


_SETTLED = {Status.BETTER, Status.WORSE, Status.EQUIVALENT}


def _with(
    plan: ExperimentPlan, statuses: Mapping[str, Status], role: str, wanted: set[Status]
) -> tuple[MetricPlan, ...]:
    return tuple(m for m in plan.metrics if m.role == role and statuses[m.key] in wanted)


def _decision(
    variant: ArmPlan, verdict: Verdict, metrics: tuple[MetricPlan, ...], template: Sentence
) -> DecisionReading:
    return DecisionReading(
        variant=variant.variant,
        verdict=verdict,
        metrics=tuple(metric.key for metric in metrics),
        sentence=Sentence(
            en=template.en.format(**_facts(variant, metrics, "en")),
            de=template.de.format(**_facts(variant, metrics, "de")),
        ),
    )


def _facts(variant: ArmPlan, metrics: tuple[MetricPlan, ...], language: Language) -> dict[str, str]:
    names = [metric.name or metric.key for metric in metrics]
    return {
        "variant": variant.name or variant.variant,
        "metrics": listed_in_words(names, language),
    }


_ADOPT = Sentence(
    en="By the registered rule {variant} may be adopted: it is better on {metrics}, and no "
    "guardrail is in danger.",
    de="Nach der eingetragenen Regel kann {variant} übernommen werden: Es ist besser bei "
    "{metrics}, und keine Leitplanke ist in Gefahr.",
)
_HARMED = Sentence(
    en="By the registered rule {variant} is not adopted: it harms {metrics} by more than the "
    "registered margin allows.",
    de="Nach der eingetragenen Regel wird {variant} nicht übernommen: Es schadet {metrics} "
    "mehr, als der eingetragene Spielraum erlaubt.",
)
_NO_GAIN = Sentence(
    en="By the registered rule {variant} is not adopted: it is not better on {metrics}.",
    de="Nach der eingetragenen Regel wird {variant} nicht übernommen: Es ist bei {metrics} nicht "
    "besser.",
)
_GUARDRAILS_OPEN = Sentence(
    en="Not to be decided yet: {variant} is better on a primary metric, but it is still open "
    "whether {metrics} is safe.",
    de="Noch nicht zu entscheiden: {variant} ist bei einer Hauptmetrik besser, aber es ist noch "
    "offen, ob {metrics} sicher ist.",
)
_PRIMARY_OPEN = Sentence(
    en="Not to be decided yet: whether {variant} is better on {metrics} is still open.",
    de="Noch nicht zu entscheiden: Ob {variant} bei {metrics} besser ist, ist noch offen.",
)
