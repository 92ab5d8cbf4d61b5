"""Explain this number, and what it was on an earlier day: both from the stored events."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from api import problems
from api.counted import count
from api.explanations import explain
from api.identity import Viewer
from api.known_results import ArrivedEvents, KnownResults
from api.metric_numbers import number_of
from api.openapi import answer
from api.problem_handlers import InputError, InvalidInputError
from api.problems import ProblemError
from api.results import LanguageAsked
from api.results_document import in_language, read_of, results_of
from api.services import ServicesHere
from api.shown_explanations import ShownExplanation, shown_explanation
from api.visibility import Sight, log_read, sight_of
from schemas.policies import Level
from schemas.resources import Experiment
from schemas.wording import Language
from storage.history_walk import (
    OtherExposureError,
    TooManyHomesError,
    arrivals_since,
    fates_of,
    totals_as_known,
)
from storage.pool import Connection
from storage.readings import ExperimentTotals, load_totals
from storage.released_readings import latest_release, release_on

router = APIRouter(prefix="/v1/experiments", tags=["results"])

MOST_HOMES = 50_000
"""Walked through for one answer: every stored event of theirs is read again."""


@router.get(
    "/{key}/explain",
    summary="Explain this number",
    responses={
        200: answer(ShownExplanation, "Units and events line by line, down to the raw count.")
    },
)
async def explain_metric(
    key: str,
    services: ServicesHere,
    asking: Viewer,
    metric: Annotated[str, Query(description="key of a metric of the experiment")],
    language: LanguageAsked = "en",
) -> Response:
    """Return what became of every unit and every stored event of the metric's types.

    People see units alone: events are of this moment, and what people see moves in steps.
    """
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        sight = await sight_of(connection, asking, key, needed=Level.METRICS, now=now)
        await log_read(connection, sight, route="explain", at=now)
    async with services.database.connection() as connection:
        totals = await load_totals(connection, key)
        if totals is None:
            raise ProblemError(
                problems.CONFLICT, f"experiment {key!r} counts nothing before it is started"
            )
        number = number_of(totals, metric)
        if sight.level is not None:
            last = await latest_release(connection, key)
            in_figures = last.figures.mature.get(metric, {}) if last else {}
            return _answer(shown_explanation(totals, number, in_figures, now=now), language)
        try:
            fates = await fates_of(
                connection, totals.definition_id, totals.body, number, most=MOST_HOMES
            )
        except TooManyHomesError as refusal:
            raise ProblemError(problems.CONFLICT, str(refusal)) from None
    return _answer(explain(totals, number, fates, now=now), language)


@router.get(
    "/{key}/as-known",
    summary="What it was on an earlier day",
    responses={200: answer(KnownResults, "The results as they could be read then.")},
)
async def read_as_known(
    key: str,
    services: ServicesHere,
    asking: Viewer,
    on: Annotated[datetime, Query(description="a moment with its offset, not in the future")],
    language: LanguageAsked = "en",
) -> Response:
    """Return the results from what the log had taken by then, and what has arrived since.

    People get what they were shown then: any other moment would be a reading of its own.
    """
    now = datetime.now(UTC)
    _refuse_moment(on, now)
    async with services.database.connection() as connection:
        sight = await sight_of(connection, asking, key, needed=Level.SEGMENTS, now=now)
        await log_read(connection, sight, route="as-known", at=now)
        if sight.level is not None:
            return _answer(await _as_shown(connection, sight, on, language), language)
        try:
            totals = await totals_as_known(connection, key, on, most=MOST_HOMES)
        except (TooManyHomesError, OtherExposureError) as refusal:
            raise ProblemError(problems.CONFLICT, str(refusal)) from None
        if totals is None:
            raise ProblemError(problems.CONFLICT, f"experiment {key!r} had not started then")
        arrivals = await arrivals_since(connection, totals.definition_id, on, now)
    results = await asyncio.to_thread(_read, sight.experiment, totals, on, language)
    found = KnownResults(
        known_on=on,
        results=sight.shown(results, language),
        arrived_since=tuple(
            ArrivedEvents(day=a.day, type=a.type, events=a.events, late=a.late) for a in arrivals
        ),
    )
    return _answer(found, language)


async def _as_shown(
    connection: Connection, sight: Sight, on: datetime, language: Language
) -> KnownResults:
    document = await release_on(connection, sight.experiment.key, on, language)
    if document is None:
        raise ProblemError(problems.CONFLICT, "no figures of the experiment had been shown then")
    return KnownResults(known_on=on, results=sight.shown(document, language))


def _answer(found: msgspec.Struct, language: Language) -> Response:
    document = in_language(msgspec.to_builtins(found), language)
    return Response(msgspec.json.encode(document), media_type="application/json")


def _read(
    registered: Experiment, totals: ExperimentTotals, on: datetime, language: Language
) -> dict[str, object]:
    read = read_of(registered, count(totals, now=on))
    found: dict[str, object] = msgspec.to_builtins(results_of(read, language))
    return found


def _refuse_moment(on: datetime, now: datetime) -> None:
    if on.tzinfo is None:
        raise InvalidInputError(InputError("on", "no_offset", "a time carries its offset"))
    if on > now:
        raise InvalidInputError(InputError("on", "in_the_future", "nothing is known of it yet"))
