"""GET /v1/experiments/{key}/results: what the data say now, and what may be concluded."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from api.identity import Viewer
from api.openapi import answer
from api.results_document import ShownResults
from api.services import ServicesHere
from api.snapshots import take_snapshot
from api.visibility import log_read, sight_of
from schemas.wording import Language

router = APIRouter(prefix="/v1/experiments", tags=["results"])

LanguageAsked = Annotated[Language, Query(description="language of the sentences")]


@router.get(
    "/{key}/results",
    summary="Read an experiment",
    responses={
        200: answer(ShownResults, "What the data say, and everything it was made from."),
        304: {"description": "Nothing but time has changed."},
    },
)
async def read_results(
    key: str,
    services: ServicesHere,
    asking: Viewer,
    language: LanguageAsked = "en",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return the reading, as much of it as whoever asks may see."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        sight = await sight_of(connection, asking, key, now=now)
        await log_read(connection, sight, route="results", at=now)
    body = await (await take_snapshot(services.database, key)).shown(sight, language)
    # Weak: the time of reading differs though nothing else does.
    tag = f'W/"{body.tag}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if if_none_match is not None and tag in [part.strip() for part in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body.content, headers=headers, media_type="application/json")
