"""What both sides write in a joint review: readings, a decision with its learning, signatures."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.resources import Resource

LongText = Annotated[str, Field(min_length=1, max_length=20_000)]
SideOfReview = Literal["marketing", "sales"]
SIDES: tuple[SideOfReview, SideOfReview] = ("marketing", "sales")


class Decision(StrEnum):
    """What both sides decide."""

    ADOPT = "adopt"
    ITERATE = "iterate"
    STOP = "stop"
    KEEP_LOOKING = "keep_looking"


class ReviewOpening(Resource):
    """A request for a joint review, with the day by which both sides should have read."""

    deadline: datetime
    even_if_nothing_can_be_read: bool = False
    """For an experiment that will get no further, and yet has taught something."""

    @model_validator(mode="after")
    def _deadline_carries_its_offset(self) -> Self:
        if self.deadline.tzinfo is None:
            raise ValueError("deadline: a time carries its offset")
        return self


class ReadingDraft(Resource):
    """What one side reads in the pinned results, in its own words."""

    text: LongText


class ProposalDraft(Resource):
    """A decision with what was learned; `reason` where it goes against the registered rule."""

    decision: Decision
    variant: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    learning: LongText
    reason: Annotated[str, Field(min_length=1, max_length=2_000)] | None = None

    @model_validator(mode="after")
    def _adopting_names_its_variant(self) -> Self:
        if (self.decision is Decision.ADOPT) != (self.variant is not None):
            raise ValueError("variant: which one is adopted, and only where one is")
        return self


class SignatureDraft(Resource):
    """A signature; who signs and does not agree says why, and that is kept."""

    dissent: Annotated[str, Field(min_length=1, max_length=2_000)] | None = None


class SealedReading(Resource):
    """One side's reading; the text is absent while it is sealed for who asks."""

    side: SideOfReview
    written_at: datetime | None
    person: str | None
    text: str | None


class Proposal(ProposalDraft):
    """The decision as it stands proposed."""

    person: str | None
    proposed_at: datetime
    against_rule: bool


class Signature(Resource):
    """A side has signed the proposal."""

    side: SideOfReview
    person: str
    signed_at: datetime
    dissent: str | None


class BothLanguages(Resource):
    """The same sentence twice."""

    en: str
    de: str


class ReviewMark(Resource):
    """What has to be said beside a review: that it is overdue, or was no joint reading."""

    kind: Literal["overdue", "concluded_without_a_joint_reading"]
    sentence: BothLanguages


class Review(Resource):
    """A joint review as somebody may see it; `is_joint` is false where a side did not take part."""

    experiment: str
    number: int
    epoch: int
    opened_at: datetime
    opened_by: str | None
    deadline: datetime
    is_overdue: bool
    mark: ReviewMark | None
    readings: tuple[SealedReading, ...]
    proposal: Proposal | None
    signatures: tuple[Signature, ...]
    concluded_at: datetime | None
    is_joint: bool | None


class Learning(Resource):
    """An entry of the library."""

    experiment: str
    review: int
    name: str
    hypothesis: str
    learning: str
    decision: Decision
    is_joint: bool
    concluded_at: datetime
