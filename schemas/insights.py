"""Insights: what happened to an experiment, in words that both sides understand.

Contract of the topic `insights` and of every webhook. Statuses and facts only, never an estimate:
who reads an insight learns no more than the headline says. CloudEvents 1.0, in structured mode.
None of them names a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec

from schemas.wording import Sentence

SOURCE: Final = "urn:roundtable:insights"
MEDIA_TYPE = "application/cloudevents+json"

ReadingStatus = Literal[
    "collecting",
    "invalid",
    "undecided",
    "better",
    "worse",
    "equivalent",
    "observational",
    "safe",
    "harmed",
    "unclear",
]
AlarmKind = Literal["sample_ratio_mismatch", "too_many_mixed_units", "source_silent"]
Decision = Literal["adopt", "iterate", "stop", "keep_looking"]
ReadingSide = Literal["marketing", "sales"]


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """What every insight says; `subject` is what it speaks of, and its key on the topic."""

    sentence: Sentence

    @property
    def subject(self) -> str:
        """Name what it happened to."""
        raise NotImplementedError


class OfExperiment(Happening, frozen=True, kw_only=True):
    """Something that happened to one experiment, named by its key."""

    experiment: str

    @property
    def subject(self) -> str:
        """The experiment, as the topic `registry` names it too."""
        return f"experiment/{self.experiment}"


class ExperimentStarted(OfExperiment, frozen=True, kw_only=True):
    """Units are exposed and counted from now on."""


class ExperimentClosed(OfExperiment, frozen=True, kw_only=True):
    """No further unit is taken in; windows that are open stay open."""


class ExperimentStopped(OfExperiment, frozen=True, kw_only=True):
    """It ended before its time, for this reason."""

    reason: str


class ReviewRequested(OfExperiment, frozen=True, kw_only=True):
    """Both sides are asked to read the results together, until `due_at` where there is an end."""

    due_at: datetime | None = None


class ReviewDue(OfExperiment, frozen=True, kw_only=True):
    """This side has not written its reading yet, and the review's deadline comes near."""

    review: int
    side: ReadingSide
    due_at: datetime


class ReviewOverdue(OfExperiment, frozen=True, kw_only=True):
    """The deadline has passed and nothing is concluded; `missing` are sides without a reading."""

    review: int
    due_at: datetime
    missing: tuple[ReadingSide, ...]


class Decided(OfExperiment, frozen=True, kw_only=True):
    """What follows from it; `is_joint` tells whether both sides have signed."""

    decision: Decision
    is_joint: bool


class StatusChanged(OfExperiment, frozen=True, kw_only=True):
    """What may be concluded about a primary metric changed; `reason` where nothing may be.

    `interpretation` says how far both sides have read it together, as its reader is told in the
    results; absent for the deployment itself.
    """

    metric: str
    baseline: str
    variant: str
    previous: ReadingStatus
    status: ReadingStatus
    reason: str | None = None
    interpretation: str | None = None
    interpretation_sentence: Sentence | None = None


class Alarm(Happening, frozen=True, kw_only=True):
    """Something keeps results from being trusted, or no longer does where `state` is `ended`.

    It names the experiment, or for `source_silent` the source of events.
    """

    alarm: AlarmKind
    state: Literal["raised", "ended"]
    experiment: str | None = None
    source: str | None = None

    @property
    def subject(self) -> str:
        """The experiment or the source."""
        if self.experiment is not None:
            return f"experiment/{self.experiment}"
        return f"source/{self.source}"


class WebhookDisabled(Happening, frozen=True, kw_only=True):
    """Nothing came through to a webhook for so long that nothing more is sent to it."""

    webhook: str
    reason: Literal["failing", "gone"]

    @property
    def subject(self) -> str:
        """The webhook."""
        return f"webhook/{self.webhook}"


@dataclass(frozen=True)
class InsightType:
    """One type of insight: its payload, and what it means."""

    name: str
    payload: type[Happening]
    meaning: str
    version: int = 1

    @property
    def contract(self) -> str:
        """The name that the published file of this version carries."""
        return f"{self.name}.v{self.version}"


_ROWS = (
    InsightType("insight.experiment_started", ExperimentStarted, "An experiment began."),
    InsightType("insight.experiment_closed", ExperimentClosed, "An experiment takes in no more."),
    InsightType("insight.experiment_stopped", ExperimentStopped, "An experiment was stopped."),
    InsightType("insight.review_requested", ReviewRequested, "A joint review was asked for."),
    InsightType("insight.review_due", ReviewDue, "The deadline of a review comes near."),
    InsightType("insight.review_overdue", ReviewOverdue, "The deadline of a review has passed."),
    InsightType("insight.decided", Decided, "A review ended in a decision."),
    InsightType("insight.status_changed", StatusChanged, "Something else may be concluded."),
    InsightType("insight.alarm", Alarm, "Results cannot be trusted, or can be again."),
    InsightType("insight.webhook_disabled", WebhookDisabled, "A webhook gets no more insights."),
)
INSIGHT_TYPES: Mapping[str, InsightType] = MappingProxyType({row.name: row for row in _ROWS})
_TYPE_OF = {row.payload: row for row in _ROWS}


class InsightEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An insight as it travels; `id` stays the same however often it is delivered."""

    specversion: Literal["1.0"]
    id: str
    source: Literal["urn:roundtable:insights"]
    type: str
    time: Annotated[datetime, msgspec.Meta(tz=True, description="when it happened")]
    subject: Annotated[str, msgspec.Meta(description="as experiment/<key>; the key on the topic")]
    dataschema: str
    data: msgspec.Raw


class Insight(msgspec.Struct, frozen=True, kw_only=True):
    """An insight, read: what happened, when, and the id by which it is known for ever."""

    id: str
    time: datetime
    data: Happening

    @property
    def type(self) -> str:
        """Name the type, as in `insight.alarm`."""
        return _TYPE_OF[type(self.data)].name


_ENCODER = msgspec.json.Encoder()
_EVENTS = msgspec.json.Decoder(InsightEvent)


def encode_insight(insight: Insight) -> bytes:
    """Write an insight as the CloudEvent that travels."""
    row = _TYPE_OF[type(insight.data)]
    return _ENCODER.encode(
        InsightEvent(
            specversion="1.0",
            id=insight.id,
            source=SOURCE,
            type=row.name,
            time=insight.time,
            subject=insight.data.subject,
            dataschema=f"urn:roundtable:{row.contract}",
            data=msgspec.Raw(_ENCODER.encode(insight.data)),
        )
    )


def decode_insight(raw: bytes) -> Insight:
    """Read an insight. Raises msgspec.ValidationError where it is none of INSIGHT_TYPES."""
    event = _EVENTS.decode(raw)
    row = INSIGHT_TYPES.get(event.type)
    if row is None:
        raise msgspec.ValidationError(f"type: {event.type!r} is no type of insight")
    data = msgspec.json.decode(event.data, type=row.payload)
    return Insight(id=event.id, time=event.time, data=data)
