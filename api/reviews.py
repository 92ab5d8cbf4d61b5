"""The joint review: opened on pinned results, read by each side apart, signed by both."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from api import problems
from api.counting import Documents
from api.identity import PersonHere, SignedIn, Viewer
from api.openapi import answer
from api.problem_handlers import InputError, InvalidInputError
from api.problems import ProblemError
from api.registry_access import changeable, may_read
from api.released_weeks import with_weeks_shown_before
from api.results import LanguageAsked
from api.results_document import ShownResults
from api.review_documents import review_of
from api.review_sides import interpreter_side, side_of, side_open_to
from api.services import Services, ServicesHere
from api.snapshots import take_snapshot
from api.visibility import log_read, sight_of
from schemas.insight_sentences import decided, review_requested
from schemas.resources import Experiment
from schemas.reviews import (
    Decision,
    ProposalDraft,
    ReadingDraft,
    Review,
    ReviewOpening,
    SideOfReview,
    SignatureDraft,
)
from storage import lifecycle
from storage.draft_people import sides_without_readers
from storage.experiments import UnknownExperimentError, locked
from storage.outbox import record
from storage.pool import Connection
from storage.reviews import (
    open_review,
    pinned_before,
    pinned_results,
    review_for_update,
    reviews_of,
    store_step,
)
from transparency.reviews import ReviewError, ReviewState, propose, sign, write

router = APIRouter(prefix="/v1/experiments", tags=["reviews"])

Step = Callable[[ReviewState, SideOfReview, datetime], ReviewState]
Number = Annotated[int, Path(ge=1, le=10_000, description="which of the experiment's reviews")]


class Reviews(BaseModel):
    """All reviews of an experiment, the first one first."""

    reviews: list[Review]


@router.post("/{key}/reviews", status_code=201)
async def open_joint_review(
    key: str,
    opening: ReviewOpening,
    services: ServicesHere,
    person: PersonHere,
    response: Response,
) -> Review:
    """Pin the results as they are and ask both sides to read them by the deadline."""
    now = datetime.now(UTC)
    if opening.deadline <= now:
        raise InvalidInputError(InputError("deadline", "in_the_past", "the deadline has passed"))
    async with services.database.connection() as connection:
        await changeable(connection, person, key, at=now)
    snapshot = await take_snapshot(services.database, key)
    documents = await snapshot.released()
    async with services.database.connection() as connection:
        found = await locked(connection, key, at=now)
        await _refuse_missing_interpreters(connection, found.experiment)
        standing = await lifecycle.open_review(connection, key, at=now)
        pinned = await _as_pinned(connection, key, documents)
        if not opening.even_if_nothing_can_be_read:
            _refuse_nothing_to_read(pinned["en"])
        number = await open_review(
            connection,
            found.id,
            epoch=found.experiment.epoch,
            snapshot=pinned,
            deadline=opening.deadline,
            person=person.person,
            at=now,
        )
        insight = review_requested(key, standing.name, opening.deadline)
        await record(connection, insight, at=now)
        review = await review_for_update(connection, key, number)
    response.headers["Location"] = f"{router.prefix}/{key}/reviews/{number}"
    return review_of(key, review, side_open_to(standing, person), now=now)


@router.get("/{key}/reviews")
async def list_reviews(key: str, services: ServicesHere, asking: Viewer) -> Reviews:
    """Return the reviews; the other side's reading is sealed until both have written."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        sight = await sight_of(connection, asking, key, now=now)
        found = await reviews_of(connection, key)
    side = side_open_to(sight.experiment, asking)
    if side_of(asking) is None and side is None and sight.level is not None:
        found = [review for review in found if review.state.concluded_at is not None]
    return Reviews(reviews=[review_of(key, review, side, now=now) for review in found])


@router.get(
    "/{key}/reviews/{number}/results",
    responses={200: answer(ShownResults, "The results that the review was opened on.")},
)
async def read_pinned_results(
    key: str,
    number: Number,
    services: ServicesHere,
    asking: Viewer,
    language: LanguageAsked = "en",
) -> JSONResponse:
    """Return the pinned results, as much of them as whoever asks may see."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        sight = await sight_of(connection, asking, key, now=now)
        await log_read(connection, sight, route="review", at=now)
        pinned = await pinned_results(connection, key, number, language)
    return JSONResponse(sight.shown(pinned, language, is_pinned=True))


@router.put("/{key}/reviews/{number}/reading")
async def write_reading(
    key: str, number: Number, draft: ReadingDraft, services: ServicesHere, person: PersonHere
) -> Review:
    """Write what your side reads, or change it until the other side has written too."""

    def step(state: ReviewState, side: SideOfReview, now: datetime) -> ReviewState:
        return write(state, side, person=person.person, text=draft.text, now=now)

    return await _take(services, key, number, person, step)


@router.put("/{key}/reviews/{number}/proposal")
async def propose_decision(
    key: str, number: Number, draft: ProposalDraft, services: ServicesHere, person: PersonHere
) -> Review:
    """Propose what follows and what was learned; another proposal takes signatures off."""

    def step(state: ReviewState, _side: SideOfReview, now: datetime) -> ReviewState:
        return propose(state, draft, person=person.person, now=now)

    return await _take(services, key, number, person, step)


@router.put("/{key}/reviews/{number}/signature")
async def sign_proposal(
    key: str, number: Number, draft: SignatureDraft, services: ServicesHere, person: PersonHere
) -> Review:
    """Sign for your side, with your dissent where you have one; both signatures conclude it."""

    def step(state: ReviewState, side: SideOfReview, now: datetime) -> ReviewState:
        return sign(state, side, person=person.person, dissent=draft.dissent, now=now)

    return await _take(services, key, number, person, step)


async def _as_pinned(connection: Connection, key: str, documents: Documents) -> dict[str, Any]:
    """Results by language as people see them; effects by week stay as they were pinned first."""
    earlier = await pinned_before(connection, key)
    return {
        language: with_weeks_shown_before(document, [one[language] for one in earlier])
        for language, document in documents.items()
    }


async def _take(
    services: Services,
    key: str,
    number: int,
    person: SignedIn,
    step: Step,
) -> Review:
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        standing = (await locked(connection, key, at=now)).experiment
        if not may_read(person, standing):
            raise UnknownExperimentError(f"no experiment has the key {key!r}")
        side = interpreter_side(standing, person)
        review = await review_for_update(connection, key, number)
        after = _stepped(review.state, side, now, step)
        await store_step(connection, review, after)
        if after.concluded_at is not None:
            await _conclude(connection, standing, after, now)
        return review_of(key, await review_for_update(connection, key, number), side, now=now)


def _stepped(
    state: ReviewState,
    side: SideOfReview,
    now: datetime,
    step: Step,
) -> ReviewState:
    try:
        return step(state, side, now)
    except ReviewError as refusal:
        raise ProblemError(
            problems.CONFLICT, refusal.detail, field=refusal.field, rule="review"
        ) from None


async def _conclude(
    connection: Connection, standing: Experiment, after: ReviewState, now: datetime
) -> None:
    assert after.proposal is not None
    decision = after.proposal.draft.decision
    if decision is Decision.KEEP_LOOKING:
        await lifecycle.keep_looking(connection, standing.key, at=now)
    else:
        await lifecycle.decide(connection, standing.key, at=now)
    insight = decided(standing.key, standing.name, decision.value, is_joint=after.is_joint)
    await record(connection, insight, at=now)


def _refuse_nothing_to_read(results: Mapping[str, Any]) -> None:
    pairs = [pair for metric in results["metrics"] for pair in metric["pairs"]]
    if any(pair["status"] != "collecting" for pair in pairs):
        return
    raise ProblemError(
        problems.CONFLICT,
        "Nothing can be read yet: every comparison is still collecting, and both sides would read "
        "a page without figures. An experiment that will get no further can be settled with "
        "even_if_nothing_can_be_read.",
        field="even_if_nothing_can_be_read",
        rule="nothing_to_read",
    )


async def _refuse_missing_interpreters(connection: Connection, standing: Experiment) -> None:
    missing = await sides_without_readers(connection, standing.interpreters)
    if missing:
        names = " and ".join(side.value for side in missing)
        raise ProblemError(
            problems.CONFLICT,
            f"nobody who is active reads for {names}: name an interpreter of each side first",
            field="interpreters",
            rule="both_sides",
        )
