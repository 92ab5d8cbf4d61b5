"""GET /v1/experiments/{key}/deals: when deals close, variant by variant, open ones followed."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from api import problems
from api.counted import Counted, count
from api.deals_document import Deals
from api.identity import Viewer
from api.metric_numbers import number_of
from api.openapi import answer
from api.problem_handlers import InputError, InvalidInputError
from api.problems import ProblemError
from api.results import LanguageAsked
from api.results_document import in_language
from api.services import ServicesHere
from api.visibility import log_read, sight_of
from inference.deal_reading import DealReading, read_deals
from inference.deal_times import DealTime
from inference.readings import obstacle_of
from inference.small_experiments import all_windows_passed
from schemas.policies import Level
from schemas.resources import MetricKind
from storage.deal_times import deal_times
from storage.pool import Connection
from storage.readings import ExperimentTotals, load_totals

router = APIRouter(prefix="/v1/experiments", tags=["results"])

MOST_HOMES = 200_000
"""Read through for one answer: some seconds, and one number per unit in memory."""
MICROSECOND = 1_000_000


@router.get(
    "/{key}/deals",
    summary="Read when deals close",
    responses={200: answer(Deals, "Shares of units with a deal won or lost over time.")},
)
async def read_deals_of(
    key: str,
    services: ServicesHere,
    asking: Viewer,
    metric: Annotated[str, Query(description="key of a metric of deal values")],
    language: LanguageAsked = "en",
) -> Response:
    """Return the shares won and lost by day since exposure, and the comparison at the end."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        sight = await sight_of(connection, asking, key, needed=Level.METRICS, now=now)
        await log_read(connection, sight, route="deals", at=now)
    async with services.database.connection() as connection:
        totals = await load_totals(connection, key)
        if totals is None:
            raise ProblemError(
                problems.CONFLICT, f"experiment {key!r} has no deals before it is started"
            )
        number = _number_of(totals, metric)
        counted = count(totals, now=now)
        if sight.level is not None and not _is_over(counted, number):
            # Live, two answers a few accounts apart would tell about those accounts.
            raise ProblemError(
                problems.CONFLICT,
                "deals are shown to people once intake is over and every window has passed",
                field="metric",
                rule="windows_open",
            )
        times = await _times(connection, totals, number, now)
    reading = await asyncio.to_thread(_read, counted, number, times)
    document = in_language(msgspec.to_builtins(reading), language)
    found = Deals(
        experiment=key,
        metric=metric,
        read_at=now,
        arms=tuple(document["arms"]),
        pairs=tuple(document["pairs"]),
    )
    return Response(msgspec.json.encode(found), media_type="application/json")


def _number_of(totals: ExperimentTotals, metric: str) -> int:
    number = number_of(totals, metric)
    if totals.body.metrics[metric].kind is not MetricKind.LATEST_DEAL_VALUE:
        raise InvalidInputError(
            InputError("metric", "no_deals", f"{metric!r} follows no deals: it is no deal value")
        )
    return number


async def _times(
    connection: Connection, totals: ExperimentTotals, number: int, now: datetime
) -> dict[int, list[DealTime]]:
    found = await deal_times(
        connection,
        totals.definition_id,
        totals.body,
        number,
        now_us=int(now.timestamp() * MICROSECOND),
        most=MOST_HOMES,
    )
    if found is None:
        raise ProblemError(
            problems.CONFLICT, f"more than {MOST_HOMES:,} accounts: too many to follow one by one"
        )
    return found


def _read(counted: Counted, number: int, times: Mapping[int, Sequence[DealTime]]) -> DealReading:
    plan, observations, now = counted.plan, counted.observations, counted.now
    variants = counted.totals.body.experiment.variants
    return read_deals(
        plan,
        plan.metrics[number],
        {variants[place].key: deals for place, deals in times.items()},
        obstacle=obstacle_of(plan, observations, now=now),
        is_over=_is_over(counted, number),
    )


def _is_over(counted: Counted, number: int) -> bool:
    metric = counted.plan.metrics[number]
    return all_windows_passed(counted.plan, metric, counted.observations, now=counted.now)
