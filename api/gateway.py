"""POST /v1/events: answers 202 only once the log has acknowledged every event that was accepted.

The body goes from bytes to records past FastAPI's own parsing, which would be the slowest part.
"""

import asyncio
import time
from collections.abc import Sequence

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import problems
from api.bodies import body_in_flight
from api.cloud_events import MEDIA_TYPES, Sent, events_of
from api.log_batches import Record
from api.openapi import answer
from api.problems import ProblemError, problem_response, retry_after
from api.services import Services, services_of
from api.verdicts import (
    AllRefusedProblem,
    Doubt,
    NotTakenProblem,
    Receipt,
    all_refused,
    judge,
    not_taken,
    receipt,
)
from schemas.codec import encode
from schemas.events import Event
from schemas.partitioning import partition_key
from schemas.problems import Problem, Verdict

JUDGED_AT_A_TIME = 250
"""Events between which other requests get their turn: about 5 ms of work."""
RETRY_SECONDS = 2

router = APIRouter()
_ENCODER = msgspec.json.Encoder()

_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "description": "One CloudEvent, a batch of them, or the data of one in binary mode.",
        "content": {media_type: {"schema": {}} for media_type in MEDIA_TYPES},
    }
}


@router.post(
    "/v1/events",
    status_code=202,
    tags=["events"],
    summary="Take events into the log",
    openapi_extra=_REQUEST_BODY,
    responses={
        202: answer(Receipt, "Every event that is not refused is in the log."),
        415: answer(Problem, "This kind of body is not understood."),
        422: answer(AllRefusedProblem, "Every event was refused."),
        503: answer(NotTakenProblem, "Exactly the events in not_taken are to be sent again."),
    },
)
async def take_events(request: Request) -> Response:
    """Take one event or many; each gets a verdict."""
    services = services_of(request)
    with services.watched_requests.request(request.headers):
        return await _take(request, services)


async def _take(request: Request, services: Services) -> Response:
    settings = services.settings
    _refuse_while_stalled(services)
    async with body_in_flight(request, services.in_flight, settings.max_body_bytes) as body:
        sent = events_of(request.headers, body, settings.max_batch_events)
        judged = await _judge(sent, services)
        return await _append(judged, services)


def _refuse_while_stalled(services: Services) -> None:
    """Say at once what waiting would only say later: a queue in front of a wall helps nobody."""
    in_flight = services.in_flight
    if services.log.is_stalled and in_flight.held * 2 > in_flight.limit:
        raise ProblemError(
            problems.NOT_TAKEN,
            "Kafka acknowledges nothing at the moment; none of these events was taken.",
            headers=retry_after(RETRY_SECONDS) | {"Connection": "close"},
        )


async def _judge(sent: Sequence[Sent], services: Services) -> list[Event | Verdict]:
    judged = await _judge_once(sent, services)
    doubted = {found.type for found in judged if isinstance(found, Doubt)}
    if doubted and await services.registered_types.learn(doubted):
        judged = await _judge_once(sent, services)
    return [found.verdict if isinstance(found, Doubt) else found for found in judged]


async def _judge_once(sent: Sequence[Sent], services: Services) -> list[Event | Verdict | Doubt]:
    now_us = time.time_ns() // 1_000
    rules, own_types = services.gate_rules, services.registered_types.own_types
    judged: list[Event | Verdict | Doubt] = []
    for start in range(0, len(sent), JUDGED_AT_A_TIME):
        part = enumerate(sent[start : start + JUDGED_AT_A_TIME], start)
        judged += [judge(index, one, rules, own_types, now_us) for index, one in part]
        await asyncio.sleep(0)
    return judged


async def _append(judged: Sequence[Event | Verdict], services: Services) -> Response:
    accepted = [(index, found) for index, found in enumerate(judged) if isinstance(found, Event)]
    watched = services.watched_requests
    watched.judged(len(accepted), _refused(judged, len(accepted)))
    if judged and not accepted:
        return problem_response(all_refused(judged))
    records = await _records([event for _, event in accepted], services)
    with watched.writing(len(records)) as headers:
        missing = await services.log.append(records, headers)
    watched.written(len(accepted) - len(missing), len(missing))
    if missing:
        problem = not_taken(judged, {accepted[position][0] for position in missing})
        return problem_response(problem, retry_after(RETRY_SECONDS))
    return Response(
        _ENCODER.encode(receipt(judged)), status_code=202, media_type="application/json"
    )


def _refused(judged: Sequence[Event | Verdict], accepted: int) -> Sequence[Verdict]:
    if accepted == len(judged):
        return ()
    return [found for found in judged if isinstance(found, Verdict)]


async def _records(events: Sequence[Event], services: Services) -> list[Record]:
    accounts = await services.contact_accounts.of(events)
    services.contact_accounts.forget(events)
    return [
        Record(
            partition_key(event, account_of_contact=accounts.get(event.contact or "")),
            encode(event),
        )
        for event in events
    ]
