"""A review as somebody of a side, or of none, may see it. Pure."""

from datetime import datetime

from schemas.reviews import (
    SIDES,
    BothLanguages,
    Proposal,
    Review,
    ReviewMark,
    SealedReading,
    SideOfReview,
    Signature,
)
from storage.reviews import StoredReview
from transparency.review_marks import mark_of
from transparency.reviews import ReviewState


def review_of(
    key: str, review: StoredReview, side: SideOfReview | None, *, now: datetime
) -> Review:
    """Return the review for a person of this side; for None that of somebody of neither."""
    state = review.state
    return Review(
        experiment=key,
        number=review.number,
        epoch=review.epoch,
        opened_at=review.opened_at,
        opened_by=review.opened_by,
        deadline=state.deadline,
        is_overdue=state.concluded_at is None and now >= state.deadline,
        mark=_mark(state, now),
        readings=tuple(_reading(state, of, side) for of in SIDES),
        proposal=_proposal(state),
        signatures=tuple(
            Signature(side=of, person=signed.person, signed_at=signed.at, dissent=signed.dissent)
            for of, signed in state.signatures.items()
        ),
        concluded_at=state.concluded_at,
        is_joint=None if state.concluded_at is None else state.is_joint,
    )


def _mark(state: ReviewState, now: datetime) -> ReviewMark | None:
    mark = mark_of(state, now=now)
    if mark is None:
        return None
    sentence = BothLanguages(en=mark.sentence.en, de=mark.sentence.de)
    return ReviewMark(kind=mark.kind, sentence=sentence)


def _reading(state: ReviewState, of: SideOfReview, by: SideOfReview | None) -> SealedReading:
    written = state.readings.get(of)
    if written is None:
        return SealedReading(side=of, written_at=None, person=None, text=None)
    is_open = state.may_read(of, by)
    return SealedReading(
        side=of,
        written_at=written.at,
        person=written.person if is_open else None,
        text=written.text if is_open else None,
    )


def _proposal(state: ReviewState) -> Proposal | None:
    proposed = state.proposal
    if proposed is None:
        return None
    return Proposal(
        **proposed.draft.model_dump(),
        person=proposed.person,
        proposed_at=proposed.at,
        against_rule=proposed.against_rule,
    )
