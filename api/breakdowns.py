"""GET /v1/experiments/{key}/breakdowns: the groups of one dimension, small ones hidden."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from api.breakdowns_document import BreakdownOfResults, breakdown_of, part_of
from api.identity import Viewer
from api.openapi import answer
from api.problem_handlers import InputError, InvalidInputError
from api.results import LanguageAsked
from api.services import ServicesHere
from api.snapshots import take_snapshot
from api.visibility import Sight, log_read, sight_of
from schemas.resources import Dimension, Experiment
from schemas.wording import Language
from transparency.status_rule import hold_to_status

router = APIRouter(prefix="/v1/experiments", tags=["results"])


@router.get(
    "/{key}/breakdowns",
    summary="Break an experiment down",
    responses={200: answer(BreakdownOfResults, "Groups by variant, and what may be said of them.")},
)
async def read_breakdown(
    key: str,
    services: ServicesHere,
    asking: Viewer,
    dimension: Annotated[str, Query(description="field of a registered dimension", max_length=200)],
    metric: Annotated[
        list[str] | None, Query(description="metrics of the breakdown, all where none is named")
    ] = None,
    language: LanguageAsked = "en",
) -> Response:
    """Return the groups of a dimension, as the last step released them.

    There is one dimension in an answer and no further filter: of two ways to cut the same accounts
    the small groups would follow.
    """
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        sight = await sight_of(connection, asking, key, now=now)
        await log_read(connection, sight, route="breakdowns", at=now)
    registered = _dimension(sight.experiment, dimension)
    _refuse_others(sight.experiment, metric or [])
    documents = await (await take_snapshot(services.database, key)).released()
    found = breakdown_of(
        _shown(sight, part_of(documents[language], dimension), language),
        experiment=key,
        dimension=dimension,
        name=registered.name or dimension,
        metrics=metric or [],
        language=language,
    )
    return Response(msgspec.json.encode(found), media_type="application/json")


def _shown(sight: Sight, part: dict[str, Any], language: Language) -> dict[str, Any]:
    """What passes; the deployment's own token sees the same groups, and no estimate either."""
    held: dict[str, Any] = hold_to_status(part, language).document
    return sight.shown(held, language)


def _dimension(experiment: Experiment, field: str) -> Dimension:
    for dimension in experiment.dimensions:
        if dimension.field == field:
            return dimension
    known = ", ".join(dimension.field for dimension in experiment.dimensions) or "none"
    detail = f"no registered dimension; there are: {known}"
    raise InvalidInputError(InputError("dimension", "unknown_dimension", detail))


def _refuse_others(experiment: Experiment, metrics: list[str]) -> None:
    known = [use.metric for use in experiment.metrics]
    for metric in metrics:
        if metric not in known:
            detail = f"the experiment has {', '.join(known)}"
            raise InvalidInputError(InputError("metric", "unknown_metric", detail))
