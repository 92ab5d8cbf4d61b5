"""When the deadline of a review is told of, to which side, and in which words. Pure.

Each moment is told once, the latest alone where several have passed: after a day without power
nobody needs three messages. What was due before the review was opened is not told at all.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

from api.insight_settings import ReviewReminders
from schemas.insight_sentences import ReviewPlace, review_due, review_overdue
from schemas.insights import ReviewDue, ReviewOverdue
from schemas.reviews import SIDES, SideOfReview
from storage.reminders import OpenReview


def moment_to_tell(
    review: OpenReview, reminders: ReviewReminders, *, now: datetime
) -> datetime | None:
    """Return the moment that is to be told of now, None where there is none that was not yet."""
    after = max(review.opened_at, review.reminded or review.opened_at)
    moments = (*(review.deadline - before for before in reminders.before), review.deadline)
    return max((moment for moment in moments if after < moment <= now), default=None)


def reminders_of(
    review: OpenReview, moment: datetime, written: Collection[SideOfReview]
) -> Iterator[ReviewDue | ReviewOverdue]:
    """Yield what is said at this moment: to each side that did not write, or that it is overdue."""
    place = ReviewPlace(review.experiment, review.name, review.number, review.deadline)
    missing = [side for side in SIDES if side not in written]
    if moment >= review.deadline:
        yield review_overdue(place, missing)
        return
    for side in missing:
        yield review_due(place, side)
