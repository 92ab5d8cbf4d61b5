"""GET /v1/learnings: the library of what both sides learned, searched in either language."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.services import ServicesHere
from schemas.reviews import Learning
from storage.reviews import search_learnings

router = APIRouter(prefix="/v1/learnings", tags=["reviews"])


class Learnings(BaseModel):
    """A page of the library; `next` is the `offset` of the page after it."""

    learnings: list[Learning]
    next: int | None


@router.get("")
async def search(
    services: ServicesHere,
    q: Annotated[str, Query(max_length=500, description="words, in English or German")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Learnings:
    """Return learnings that hold these words, the best match first; without words the newest."""
    async with services.database.connection() as connection:
        found = await search_learnings(connection, q, limit=limit + 1, offset=offset)
    more = len(found) > limit
    return Learnings(learnings=found[:limit], next=offset + limit if more else None)
