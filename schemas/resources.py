"""What people register through the API: metrics and experiments, validated on the way in."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Key = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$", max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=2_000)]
FieldPath = Annotated[
    str,
    Field(
        pattern=r"^(type|source|account|contact|campaign|content|channel|deal|currency|amount"
        r"|data(\.[A-Za-z_][A-Za-z0-9_]*)+)$",
        description="an attribute of the event, or data.<field>",
    ),
]
Scalar = str | int | bool
Window = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=730))]

_TYPE_PATTERN = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)+(\.\*)?$|^[a-z0-9_]+\.\*$")


class Resource(BaseModel):
    """A frozen value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(Resource):
    """One requirement on one field of an event."""

    field: FieldPath
    op: Literal["eq", "ne", "in", "gte", "lte", "exists"] = "eq"
    value: Scalar | tuple[Scalar, ...]

    @model_validator(mode="after")
    def _value_fits_op(self) -> Self:
        if (self.op == "in") != isinstance(self.value, tuple):
            raise ValueError("value: a list for 'in', a single value for every other op")
        if self.op in {"gte", "lte"} and (
            isinstance(self.value, bool) or not isinstance(self.value, int)
        ):
            raise ValueError("value: 'gte' and 'lte' compare integers")
        if self.op == "exists" and not isinstance(self.value, bool):
            raise ValueError("value: 'exists' takes true or false")
        return self


class EventFilter(Resource):
    """Events of any of `types` (exact, or a prefix ending in `.*`) that meet every condition."""

    types: Annotated[tuple[str, ...], Field(min_length=1, max_length=32)]
    where: Annotated[tuple[Condition, ...], Field(max_length=16)] = ()

    @model_validator(mode="after")
    def _types_are_dotted(self) -> Self:
        for name in self.types:
            if not _TYPE_PATTERN.match(name):
                raise ValueError(f"types: {name!r} is no dotted event type or prefix ending in .*")
        return self


class MetricKind(StrEnum):
    """How the events of a unit become its outcome."""

    CONVERSION = "conversion"
    """1 where at least one event matches, else 0."""
    COUNT = "count"
    """The number of matching events."""
    SUM = "sum"
    """The sum of a numeric field over matching events."""
    RATIO = "ratio"
    """Numerator and denominator of a unit, each a count or a sum."""
    LATEST_DEAL_VALUE = "latest_deal_value"
    """The latest amount of each deal that stands as won at the end of the window."""


class Side(StrEnum):
    """The two sides that learn together."""

    MARKETING = "marketing"
    SALES = "sales"


class Measure(Resource):
    """What of an event is added up: each event counts 1, or the number in `value`."""

    filter: EventFilter
    value: FieldPath | None = None
    scale: Annotated[int, Field(ge=0, le=6, description="decimal places kept of value")] = 0


class MetricDraft(Resource):
    """A metric as proposed: what it means in words and which events make it."""

    key: Key
    name: Text
    meaning: Text
    owner: Side
    kind: MetricKind
    measure: Measure
    denominator: Measure | None = None
    window: Window
    direction: Literal["increase", "decrease"] = "increase"
    unit_label: Annotated[str, Field(max_length=40)] = ""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None

    @model_validator(mode="after")
    def _parts_fit_kind(self) -> Self:
        if (self.kind is MetricKind.RATIO) != (self.denominator is not None):
            raise ValueError("denominator: required for a ratio, and only there")
        if self.kind is MetricKind.SUM and self.measure.value is None:
            raise ValueError("measure.value: a sum names the field that it adds up")
        counts_events = self.kind in {MetricKind.CONVERSION, MetricKind.COUNT}
        if counts_events and self.measure.value is not None:
            raise ValueError(f"measure.value: a {self.kind} counts events, it reads no value")
        if self.kind is MetricKind.LATEST_DEAL_VALUE:
            if any(not name.startswith("deal.") for name in self.measure.filter.types):
                raise ValueError("measure.filter.types: a deal value is read from deal.* events")
            if self.measure.value not in {None, "amount"}:
                raise ValueError("measure.value: the value of a deal is its amount")
        return self


class Metric(MetricDraft):
    """A registered metric; a changed definition is a new version, old ones stay."""

    version: Annotated[int, Field(ge=1)]
    created_at: datetime


class Variant(Resource):
    """One arm; weights are relative and need not add up to 1."""

    key: Annotated[str, Field(min_length=1, max_length=64)]
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
    variants: dict[str, str] = {}
    """Field value to variant key; where empty, the value is the key."""


ExposureRule = Annotated[AssignmentExposure | MatchingExposure, Field(discriminator="kind")]


class MetricUse(Resource):
    """A metric in an experiment: which version, in which role, with which covariate."""

    metric: Key
    version: Annotated[int, Field(ge=1)] | None = None
    role: Literal["primary", "secondary", "guardrail"] = "primary"
    covariate: Window | None = None
    """How long before its exposure a unit's own events form its covariate; none where absent."""


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


class ExperimentStatus(StrEnum):
    """Where an experiment stands."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"


class Experiment(ExperimentDraft):
    """An experiment as stored: its draft, where it stands, and its definition's number."""

    status: ExperimentStatus
    epoch: Annotated[int, Field(ge=0)]
    """Counts the definitions that moments were computed under; 0 before the first start."""
    created_at: datetime
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_reason: str | None = None
