"""GET /v1/experiments/{key}/deals: when deals close, variant by variant, open ones followed."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from api import problems
from api.deals_document import Deals
from api.identity import Viewer
from api.observations import observations_of, plan_of
from api.openapi import answer
from api.problem_handlers import InputError, InvalidInputError
from api.problems import ProblemError
from api.results import LanguageAsked
from api.results_document import in_language
from api.services import ServicesHere
from api.visibility import log_read, sight_of
from inference.deal_reading import DealReading, read_deals
from inference.deal_times import DealTime
from inference.plan import MetricPlan
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
        if sight.level is not None and not _is_over(totals, number, now):
            # Live, two answers a few accounts apart would tell about those accounts.
            raise ProblemError(
                problems.CONFLICT,
                "deals are shown to people once intake is over and every window has passed",
                field="metric",
                rule="windows_open",
            )
        times = await _times(connection, totals, number, now)
    reading = await asyncio.to_thread(_read, totals, number, times, now)
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
    uses = [use.metric for use in totals.body.experiment.metrics]
    if metric not in uses:
        raise InvalidInputError(
            InputError("metric", "unknown_metric", f"the experiment has {', '.join(uses)}")
        )
    if totals.body.metrics[metric].kind is not MetricKind.LATEST_DEAL_VALUE:
        raise InvalidInputError(
            InputError("metric", "no_deals", f"{metric!r} follows no deals: it is no deal value")
        )
    return uses.index(metric)


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


def _is_over(totals: ExperimentTotals, number: int, now: datetime) -> bool:
    plan, observations = plan_of(totals.body), observations_of(totals, now=now)
    return all_windows_passed(plan, plan.metrics[number], observations, now=now)


def _read(
    totals: ExperimentTotals, number: int, times: dict[int, list[DealTime]], now: datetime
) -> DealReading:
    plan, observations = plan_of(totals.body), observations_of(totals, now=now)
    metric: MetricPlan = plan.metrics[number]
    variants = totals.body.experiment.variants
    return read_deals(
        plan,
        metric,
        {variants[place].key: deals for place, deals in times.items()},
        obstacle=obstacle_of(plan, observations, now=now),
        is_over=all_windows_passed(plan, metric, observations, now=now),
    )
