"""A review that is overdue, or was read by one side alone, says so to everybody who sees it."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from api.review_documents import review_of
from schemas.reviews import SIDES, Decision, ProposalDraft
from storage.reviews import StoredReview
from transparency.reviews import ReviewState, propose, sign, write

OPENED = datetime(2026, 5, 4, tzinfo=UTC)
DEADLINE = OPENED + timedelta(days=7)
BEFORE, AFTER = DEADLINE - timedelta(seconds=1), DEADLINE
OPEN = ReviewState(deadline=DEADLINE, verdicts={"calls": "adopt"})
ADOPT = ProposalDraft(decision=Decision.ADOPT, variant="calls", learning="Calls help.")


def written(*sides: str) -> ReviewState:
    state = OPEN
    for side in SIDES:
        if side in sides:
            state = write(state, side, person=f"p-{side}", text="x", now=OPENED)
    return state


def mark(state: ReviewState, now: datetime) -> tuple[str, str, str] | None:
    stored = StoredReview(id=1, number=1, epoch=1, opened_at=OPENED, opened_by=None, state=state)
    found = review_of("spring-mail", stored, None, now=now).mark
    return None if found is None else (found.kind, found.sentence.en, found.sentence.de)


def test_a_review_that_has_time_bears_no_mark() -> None:
    assert mark(written("marketing"), BEFORE) is None


@pytest.mark.parametrize(
    ("sides", "english", "german"),
    [
        ((), "neither side has written its reading", "Die Lesungen beider Seiten fehlen"),
        (("marketing",), "sales has not written its reading", "Die Lesung des Vertriebs fehlt"),
        (("sales",), "marketing has not written its reading", "Die Lesung des Marketings fehlt"),
        (
            SIDES,
            "both sides have written, but signed no decision together",
            "Beide Lesungen liegen vor, aber keine Entscheidung, die beide unterschrieben haben",
        ),
    ],
)
def test_past_its_deadline_it_is_overdue_and_says_whom_it_waits_for(
    sides: tuple[str, ...], english: str, german: str
) -> None:
    assert mark(written(*sides), AFTER) == (
        "overdue",
        f"Overdue: {english}.",
        f"Überfällig: {german}.",
    )


def test_what_one_side_concluded_alone_stays_marked() -> None:
    alone = propose(written("marketing"), ADOPT, person="p-marketing", now=AFTER)
    concluded = sign(alone, "marketing", person="p-marketing", dissent=None, now=AFTER)

    assert mark(concluded, AFTER + timedelta(days=400)) == (
        "concluded_without_a_joint_reading",
        "Concluded without a joint reading: one side has not signed.",
        "Ohne gemeinsame Lesung abgeschlossen: Eine Seite hat nicht unterschrieben.",
    )


def test_what_both_signed_bears_no_mark_though_it_was_late() -> None:
    state = propose(written(*SIDES), ADOPT, person="p-sales", now=AFTER)
    one = sign(
        replace(state, deadline=AFTER + timedelta(days=9)),
        "sales",
        person="p-sales",
        dissent=None,
        now=AFTER,
    )
    both = sign(one, "marketing", person="p-marketing", dissent=None, now=AFTER)

    assert mark(both, AFTER + timedelta(days=30)) is None
