"""What a template is, and how it becomes a draft in one language. Pure."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from schemas.resources import (
    EventFilter,
    Key,
    Measure,
    MetricDraft,
    MetricKind,
    MetricUse,
    Resource,
    Side,
    Text,
    Variant,
)
from schemas.wording import Language


class Words(Resource):
    """The same words in both languages."""

    en: Text
    de: Text

    def of(self, language: Language) -> str:
        """Return them in one language."""
        return self.en if language == "en" else self.de


class TemplateMetric(Resource):
    """A metric that templates use: the window is part of its key, so that names stay true."""

    key: Key
    name: Words
    meaning: Words
    owner: Side
    kind: MetricKind
    types: tuple[str, ...]
    days: int
    direction: Literal["increase", "decrease"] = "increase"

    def draft(self, language: Language) -> MetricDraft:
        """Return the metric as it can be proposed."""
        return MetricDraft(
            key=self.key,
            name=self.name.of(language),
            meaning=self.meaning.of(language),
            owner=self.owner,
            kind=self.kind,
            measure=Measure(filter=EventFilter(types=self.types)),
            window=timedelta(days=self.days),
            direction=self.direction,
        )


class TemplateVariant(Resource):
    """An arm and what to call it."""

    key: Key
    name: Words
    control: bool = False


class TypicalSize(Resource):
    """How large such experiments are: with so many units, a change of `shows` can be seen.

    For two equal arms that are watched at any time, a chance of 80 %, and the share `baseline` of
    units that convert without treatment.
    """

    units: Annotated[int, Field(ge=2)]
    weeks: Annotated[int, Field(ge=1)]
    baseline: Decimal
    shows: Decimal


class ExperimentTemplate(Resource):
    """A usual question, ready to be asked."""

    key: Key
    name: Words
    use_when: Words
    hypothesis: Words
    owner: Side
    unit: Literal["account", "contact"]
    variants: tuple[TemplateVariant, ...]
    primary: tuple[TemplateMetric, ...]
    secondary: tuple[TemplateMetric, ...]
    guardrails: tuple[tuple[TemplateMetric, Decimal], ...]
    """With the largest worsening that is usually acceptable."""
    size: TypicalSize
    advice: tuple[Words, ...]

    def filled(self, language: Language) -> "Template":
        """Return the template in one language."""
        guards = [metric for metric, _ in self.guardrails]
        return Template(
            key=self.key,
            language=language,
            name=self.name.of(language),
            use_when=self.use_when.of(language),
            draft=self._draft(language),
            fill_in=("key", "starts_at", "ends_at", "team", "interpreters"),
            metrics=tuple(m.draft(language) for m in (*self.primary, *self.secondary, *guards)),
            size=self.size,
            advice=tuple(words.of(language) for words in self.advice),
        )

    def _draft(self, language: Language) -> dict[str, JsonValue]:
        variants = (
            Variant(key=v.key, name=v.name.of(language), control=v.control) for v in self.variants
        )
        return {
            "name": self.name.of(language),
            "hypothesis": self.hypothesis.of(language),
            "owner": self.owner.value,
            "unit": self.unit,
            "variants": [variant.model_dump(mode="json") for variant in variants],
            "exposure": {"kind": "assignment"},
            "metrics": [use.model_dump(mode="json", exclude_none=True) for use in self._uses()],
            "planned_units": self.size.units,
            "template": self.key,
        }

    def _uses(self) -> list[MetricUse]:
        return [
            *(MetricUse(metric=metric.key) for metric in self.primary),
            *(MetricUse(metric=metric.key, role="secondary") for metric in self.secondary),
            *(
                MetricUse(metric=metric.key, role="guardrail", margin=margin)
                for metric, margin in self.guardrails
            ),
        ]


class Template(Resource):
    """A template in one language: a draft without the fields that are each house's own."""

    key: Key
    language: Language
    name: Text
    use_when: Text
    draft: dict[str, JsonValue]
    fill_in: tuple[str, ...]
    """Fields of the draft that are to be filled in; the first two have to be."""
    metrics: tuple[MetricDraft, ...]
    """The metrics that the draft names, to be proposed where the house has no others."""
    size: TypicalSize
    advice: tuple[Text, ...]
