"""What a metric is: which events make the outcome of a unit, in words and as a rule."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, computed_field, model_validator

from schemas.event_filters import EventFilter, FieldPath, Resource

Key = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$", max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Window = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=730))]


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


ExampleEvent = Annotated[dict[str, JsonValue], Field(min_length=1, max_length=32)]
"""An event as it would be sent; attributes that say nothing here may be left out."""


class Examples(Resource):
    """Events that both sides have talked about: what counts, and what only looks as if it did."""

    counted: Annotated[tuple[ExampleEvent, ...], Field(max_length=10)] = ()
    not_counted: Annotated[tuple[ExampleEvent, ...], Field(max_length=10)] = ()


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
    is_share: bool = False
    """For a ratio: every unit of the denominator counts 0 or 1 in the numerator."""
    examples: Examples = Examples()
    """Held against the filter when the metric is proposed."""

    @model_validator(mode="after")
    def _parts_fit_kind(self) -> Self:
        if (self.kind is MetricKind.RATIO) != (self.denominator is not None):
            raise ValueError("denominator: required for a ratio, and only there")
        if self.is_share and self.kind is not MetricKind.RATIO:
            raise ValueError("is_share: only a ratio can be a share")
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

    @model_validator(mode="after")
    def _hears_a_win_taken_back(self) -> Self:
        if self.kind is MetricKind.LATEST_DEAL_VALUE and _is_deaf_to_losses(self.measure.filter):
            raise ValueError(
                "measure.filter.types: a deal that was won and is lost or reopened would count for "
                "ever; hear deal.lost or deal.reopened too, or deal.*"
            )
        return self


class Metric(MetricDraft):
    """A registered metric; a changed definition is a new version, old ones stay."""

    version: Annotated[int, Field(ge=1)]
    created_at: datetime
    proposed_by: str | None = None
    """Person or token; null for the deployment token, and where it was not kept yet."""

    @model_validator(mode="after")
    def _hears_a_win_taken_back(self) -> Self:
        # The rule came later than some registered metrics; those keep the numbers they gave.
        return self


class Agreement(Resource):
    """That a side agrees to a version of a metric, and who said so."""

    side: Side
    agreed_at: datetime
    agreed_by: str | None


class Withdrawal(Agreement):
    """That a side took its agreement back before the version was in force, and why."""

    withdrawn_at: datetime
    withdrawn_by: str | None
    reason: Text


class ProposedMetric(Metric):
    """A version of a metric with who agreed to it; in force once both sides did, and for good."""

    agreements: tuple[Agreement, ...] = ()
    """Those that stand."""
    withdrawals: tuple[Withdrawal, ...] = ()
    """Those that were taken back."""

    @property
    def missing_sides(self) -> tuple[Side, ...]:
        """The sides that did not agree yet."""
        agreed = {agreement.side for agreement in self.agreements}
        return tuple(side for side in Side if side not in agreed)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def in_force(self) -> bool:
        """Whether both sides agreed."""
        return not self.missing_sides


def _is_deaf_to_losses(heard: EventFilter) -> bool:
    takes_back = heard.names("deal.lost") or heard.names("deal.reopened")
    return heard.names("deal.won") and not takes_back
