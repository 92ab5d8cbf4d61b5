"""The mark that everybody sees beside a review that did not go as agreed. Pure."""

from datetime import datetime
from typing import Literal

import msgspec

from schemas.insight_sentences import why_overdue
from schemas.reviews import SIDES
from schemas.wording import Sentence
from transparency.interpretation import SENTENCES, Interpretation
from transparency.reviews import ReviewState

MarkKind = Literal["overdue", "concluded_without_a_joint_reading"]


class Mark(msgspec.Struct, frozen=True):
    """The word for machines and the sentence for people."""

    kind: MarkKind
    sentence: Sentence


def mark_of(state: ReviewState, *, now: datetime) -> Mark | None:
    """Return the mark of a review, None where it went as agreed or still has time."""
    if state.concluded_at is not None:
        return None if state.is_joint else WITHOUT_JOINT_READING
    return _overdue(state) if now >= state.deadline else None


WITHOUT_JOINT_READING = Mark(
    "concluded_without_a_joint_reading", SENTENCES[Interpretation.WITHOUT_JOINT_READING]
)


def _overdue(state: ReviewState) -> Mark:
    why = why_overdue([side for side in SIDES if side not in state.readings])
    sentence = Sentence(en=f"Overdue: {why.en}", de=f"Überfällig: {why.de}")
    return Mark("overdue", sentence)
