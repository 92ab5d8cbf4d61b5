"""What people register through the API: metrics and experiments, validated on the way in."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from schemas.dimensions import MOST_DIMENSIONS, Dimension, Label, refuse_unfit
from schemas.event_filters import Condition, EventFilter, FieldPath, Resource, Scalar
from schemas.lifecycle import ExperimentStatus, Interpreters, Invalidation
from schemas.metric_definitions import (
    Key,
    Measure,
    Metric,
    MetricDraft,
    MetricKind,
    Side,
    Text,
    Window,
)
from schemas.policies import PolicyDraft

__all__ = [
    "AssignmentExposure",
    "Condition",
    "Dimension",
    "EventFilter",
    "Experiment",
    "ExperimentDraft",
    "ExperimentStatus",
    "ExposureRule",
    "FieldPath",
    "Interpreters",
    "Invalidation",
    "Key",
    "MatchingExposure",
    "Measure",
    "Metric",
    "MetricDraft",
    "MetricKind",
    "MetricUse",
    "Resource",
    "Scalar",
    "Side",
    "Text",
    "Variant",
    "Window",
]

VariantKey = Annotated[str, Field(min_length=1, max_length=64)]
Amount = Annotated[Decimal, Field(gt=0, le=10**13, decimal_places=6)]
"""A quantity in the units of a metric, with no more digits than a fixed-point value can hold."""
Share = Annotated[Decimal, Field(gt=0, le=1, decimal_places=6)]


class Variant(Resource):
    """One arm; weights are relative and need not add up to 1."""

    key: VariantKey
    name: Annotated[str, Field(max_length=200)] = ""
    weight: Annotated[Decimal, Field(ge=0, le=1_000_000)] = Decimal(1)
    control: bool = False


class AssignmentExposure(Resource):
    """Exposed by an `experiment.exposure` event that names this experiment and a variant."""

    kind: Literal["assignment"] = "assignment"


class MatchingExposure(Resource):
    """Exposed by any event that passes the filter; the variant is read from a field of it."""

    kind: Literal["matching"] = "matching"
    filter: EventFilter
    variant_from: FieldPath
    variants: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it
    """Field value to variant key; where empty, the value is the key."""


ExposureRule = Annotated[AssignmentExposure | MatchingExposure, Field(discriminator="kind")]


class MetricUse(Resource):
    """A metric in an experiment: which version, in which role, with which covariate and limits."""

    metric: Key
    version: Annotated[int, Field(ge=1)] | None = None
    role: Literal["primary", "secondary", "guardrail"] = "primary"
    covariate: Window | None = None
    """How long before its exposure a unit's own events form its covariate; none where absent."""
    margin: Amount | None = None
    """For a guardrail: the largest worsening that is allowed, in units of the metric."""
    equivalence: Amount | None = None
    """The largest difference that does not matter, in units of the metric."""
    cap: Amount | None = None
    """Outcomes above it count as it, in units of the metric; for a count, sum or deal value."""

    @model_validator(mode="after")
    def _limits_fit_role(self) -> Self:
        if self.margin is not None and self.role != "guardrail":
            raise ValueError("margin: only a guardrail allows a worsening")
        if self.equivalence is not None and self.role == "guardrail":
            raise ValueError("equivalence: a guardrail has a margin instead")
        return self


class ExperimentDraft(Resource):
    """A registered question, as its authors write it down before it starts."""

    key: Key
    name: Text
    hypothesis: Text
    owner: Side
    unit: Literal["account", "contact"] = "account"
    randomised: bool = True
    variants: Annotated[tuple[Variant, ...], Field(min_length=2, max_length=16)]
    exposure: ExposureRule = AssignmentExposure()
    metrics: Annotated[tuple[MetricUse, ...], Field(min_length=1, max_length=32)]
    starts_at: datetime
    ends_at: datetime | None = None
    planned_units: Annotated[int, Field(ge=2, le=1_000_000_000)]
    """Planned mature units over all variants; the always-valid interval is tuned to them."""
    alpha: Annotated[Decimal, Field(ge=Decimal("0.001"), le=Decimal("0.2"), decimal_places=6)] = (
        Decimal("0.05")
    )
    """The error that all primary comparisons together may make."""
    comparisons: Annotated[tuple[tuple[VariantKey, VariantKey], ...], Field(max_length=105)] = ()
    """Pairs of variants without the control that are compared like those with it."""
    looks: Annotated[tuple[Share, ...], Field(max_length=20)] = ()
    """At which shares of the planned units a decision may be made; rising. At any where empty."""
    team: Key | None = None
    """Who does the work; sees most of it while it runs."""
    interpreters: Interpreters = Interpreters()
    """Who reads the results together; a review needs somebody of each side."""
    policy: Key = "shared"
    """The visibility policy: how much each audience sees in each phase."""
    policy_version: Annotated[int, Field(ge=1)] | None = None
    """The version that it is frozen to when it is registered: the newest one."""
    follows: Key | None = None
    """The experiment that raised this question."""
    campaign: Label | None = None
    """The campaign that it is part of, as events name it."""
    dimensions: Annotated[tuple[Dimension, ...], Field(max_length=MOST_DIMENSIONS)] = ()
    """By what accounts are broken down; fixed for good when the experiment is registered."""
    decision_rule: Text | None = None
    """In words, where it is not the usual one: adopt what is better on at least one primary metric
    while every guardrail is safe."""
    template: Key | None = None
    """The template that the draft was begun from."""

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        keys = [variant.key for variant in self.variants]
        if len(set(keys)) != len(keys):
            raise ValueError("variants: every key once")
        if sum(variant.control for variant in self.variants) != 1:
            raise ValueError("variants: exactly one is the control")
        if self.randomised and sum(v.weight > 0 for v in self.variants) < 2:
            raise ValueError("variants: at least two have a weight above 0")
        metric_keys = [use.metric for use in self.metrics]
        if len(set(metric_keys)) != len(metric_keys):
            raise ValueError("metrics: every metric once")
        if not any(use.role == "primary" for use in self.metrics):
            raise ValueError("metrics: at least one is primary")
        self._check_times()
        self._check_variant_map(set(keys))
        _check_comparisons(self.comparisons, self.variants)
        refuse_unfit(self.dimensions, self.unit)
        if any(earlier >= later for earlier, later in pairwise(self.looks)):
            raise ValueError("looks: every share larger than the one before")
        if self.follows == self.key:
            raise ValueError("follows: another experiment, not this one")
        return self

    def _check_times(self) -> None:
        for name in ("starts_at", "ends_at"):
            value = getattr(self, name)
            if value is not None and value.tzinfo is None:
                raise ValueError(f"{name}: a time carries its offset")
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("ends_at: after starts_at")

    def _check_variant_map(self, keys: set[str]) -> None:
        if isinstance(self.exposure, MatchingExposure):
            unknown = set(self.exposure.variants.values()) - keys
            if unknown:
                raise ValueError(f"exposure.variants: {sorted(unknown)} are no variants")


class Experiment(ExperimentDraft):
    """An experiment as stored: its draft, where it stands, and its definition's number."""

    status: ExperimentStatus
    """Where it stands at the time of reading; running and closed follow from its period."""
    epoch: Annotated[int, Field(ge=0)]
    """Counts the definitions that moments were computed under; 0 while it is a draft."""
    created_at: datetime
    registered_at: datetime | None = None
    """When it was frozen."""
    started_at: datetime | None = None
    """When somebody let it run rather than wait for the registered start."""
    closed_at: datetime | None = None
    """When somebody ended intake before the registered end."""
    windows_close_at: datetime | None = None
    """When every unit is mature, where an end is set."""
    stopped_at: datetime | None = None
    stop_reason: str | None = None
    reviewed_at: datetime | None = None
    """When a review was first opened; what a review has shown is not hidden again."""
    decided_at: datetime | None = None
    invalidated: dict[str, Invalidation] = {}  # noqa: RUF012 - pydantic copies it
    """Metric key, or `*` for all, to the amendment that changed what the number means."""
    visibility: SkipJsonSchema[Annotated[PolicyDraft | None, Field(exclude=True)]] = None
    """What its policy says; None where it is not known. Read with it, and shown by the policies."""


def _check_comparisons(pairs: Sequence[tuple[str, str]], variants: Sequence[Variant]) -> None:
    by_key = {variant.key: variant for variant in variants}
    for pair in pairs:
        unknown = sorted(set(pair) - by_key.keys())
        if unknown:
            raise ValueError(f"comparisons: {unknown} are no variants")
        if pair[0] == pair[1]:
            raise ValueError(f"comparisons: {pair[0]!r} is not compared with itself")
        if any(by_key[key].control for key in pair):
            raise ValueError("comparisons: every variant is compared with the control anyway")
    if len({frozenset(pair) for pair in pairs}) != len(pairs):
        raise ValueError("comparisons: every pair once, in one order")
