"""GET /v1/learnings: the library of what both sides learned, searched in either language."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.identity import Asking, Viewer
from api.services import ServicesHere
from api.visibility import sight_on
from schemas.policies import Level
from schemas.reviews import Learning
from storage.experiments import experiments_of
from storage.pool import Connection
from storage.reviews import search_learnings

router = APIRouter(prefix="/v1/learnings", tags=["reviews"])

_AT_ONCE = 100


class Learnings(BaseModel):
    """A page of the library; `next` is the `offset` of the page after it."""

    learnings: list[Learning]
    next: int | None


@router.get("")
async def search(
    services: ServicesHere,
    asking: Viewer,
    q: Annotated[str, Query(max_length=500, description="words, in English or German")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Learnings:
    """Return learnings that hold these words, the best match first; without words the newest.

    A learning is known to those who may know of its experiment: a review that ended with "keep
    looking" leaves its learning with those who see the experiment run.
    """
    async with services.database.connection() as connection:
        found = await _known(connection, asking, q, at_most=offset + limit + 1)
    more = len(found) > offset + limit
    return Learnings(
        learnings=found[offset : offset + limit], next=offset + limit if more else None
    )


async def _known(
    connection: Connection, asking: Asking, words: str, *, at_most: int
) -> list[Learning]:
    """Return the first that may be known of; the others are counted by nobody, not even a page."""
    known: list[Learning] = []
    start = 0
    while len(known) < at_most:
        batch = await search_learnings(connection, words, limit=_AT_ONCE, offset=start)
        open_ones = await _open_to(connection, asking, batch)
        known += [learning for learning in batch if learning.experiment in open_ones]
        start += len(batch)
        if len(batch) < _AT_ONCE:
            break
    return known[:at_most]


async def _open_to(
    connection: Connection, asking: Asking, learnings: list[Learning]
) -> frozenset[str]:
    """Return the keys of those experiments whose headline whoever asks may see."""
    experiments = await experiments_of(connection, [learning.experiment for learning in learnings])
    return frozenset(
        key for key, one in experiments.items() if sight_on(one, asking).reaches(Level.HEADLINE)
    )
