"""Registered questions: write a draft, change it, start it, stop it, read it."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.problem_handlers import InputError, InvalidInputError
from api.services import Services, ServicesHere
from schemas.resources import Experiment, ExperimentDraft, ExperimentStatus, Resource, Text
from storage import registry
from storage.registry import add_experiment, experiments_after, replace_draft

router = APIRouter(prefix="/v1/experiments", tags=["experiments"])


class Experiments(BaseModel):
    """A page of experiments by key; `next` is where the next one goes on, if there is one."""

    experiments: list[Experiment]
    next: str | None


class Stop(Resource):
    """Why an experiment ends."""

    reason: Text


@router.post("", status_code=201)
async def write_draft(
    draft: ExperimentDraft, services: ServicesHere, response: Response
) -> Experiment:
    """Write down a draft; it counts nothing before it is started."""
    async with services.database.connection() as connection:
        written = await add_experiment(connection, draft, at=datetime.now(UTC))
    response.headers["Location"] = f"{router.prefix}/{written.key}"
    return written


@router.get("")
async def list_experiments(
    services: ServicesHere,
    after: Annotated[str, Query(description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    status: ExperimentStatus | None = None,
) -> Experiments:
    """Return a page of experiments."""
    async with services.database.connection() as connection:
        found = await experiments_after(connection, after=after, limit=limit + 1, status=status)
    page = found[:limit]
    return Experiments(experiments=page, next=page[-1].key if len(found) > limit else None)


@router.get("/{key}")
async def read_experiment(key: str, services: ServicesHere) -> Experiment:
    """Return one experiment."""
    async with services.database.connection() as connection:
        return await registry.experiment(connection, key)


@router.put("/{key}")
async def change_draft(key: str, draft: ExperimentDraft, services: ServicesHere) -> Experiment:
    """Change a draft; what has started is not changed any more."""
    if draft.key != key:
        raise InvalidInputError(InputError("key", "other_key", f"the address says {key!r}"))
    async with services.database.connection() as connection:
        return await replace_draft(connection, draft)


@router.post("/{key}/start")
async def start(key: str, services: ServicesHere) -> Experiment:
    """Let a draft run; its moments are built from the events stored so far."""
    async with services.database.connection() as connection:
        return await registry.start_experiment(
            connection, key, at=datetime.now(UTC), reporting_currency=_currency(services)
        )


@router.post("/{key}/stop")
async def stop(key: str, stop: Stop, services: ServicesHere) -> Experiment:
    """Stop an experiment: exposures from now on do not count, open windows stay open."""
    async with services.database.connection() as connection:
        return await registry.stop_experiment(
            connection,
            key,
            at=datetime.now(UTC),
            reason=stop.reason,
            reporting_currency=_currency(services),
        )


def _currency(services: Services) -> str:
    return services.settings.reporting_currency
