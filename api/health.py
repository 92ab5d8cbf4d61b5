"""Whether the process lives, and whether it can do its work: for whoever starts and watches it."""

import asyncio

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from api import problems
from api.problems import problem_response
from api.services import ServicesHere
from schemas.problems import Problem

router = APIRouter(tags=["health"])
_OPEN: dict[str, list[object]] = {"security": []}


class NotReadyProblem(Problem, frozen=True, kw_only=True):
    """What is wrong, by part."""

    trouble: dict[str, str]


@router.get("/healthz", summary="Whether the process lives", openapi_extra=_OPEN)
async def healthy(services: ServicesHere) -> dict[str, str | int]:
    """Answer, and say which process does: that is all there is to it."""
    return {"status": "alive", "process": services.settings.process}


@router.get("/readyz", summary="Whether events are taken and results read", openapi_extra=_OPEN)
async def ready(services: ServicesHere) -> Response:
    """Try Kafka and PostgreSQL and say what is wrong with which."""
    log, database = await asyncio.gather(services.log.trouble(), services.database.trouble())
    found = {"kafka": log, "postgresql": database}
    trouble = {part: reason for part, reason in found.items() if reason is not None}
    if not trouble:
        return JSONResponse({"status": "ready", "process": services.settings.process})
    return problem_response(_not_ready(trouble), problems.retry_after(2))


def _not_ready(trouble: dict[str, str]) -> NotReadyProblem:
    kind = problems.NOT_READY
    return NotReadyProblem(
        type=kind.uri,
        title=kind.title,
        status=kind.status,
        detail="; ".join(trouble.values()),
        trouble=trouble,
    )
