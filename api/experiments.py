"""Registered questions: write a draft, find one, take it through the steps of its life."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.problem_handlers import InputError, InvalidInputError
from api.services import Services, ServicesHere
from schemas.lifecycle import ExperimentStatus
from schemas.resources import Experiment, ExperimentDraft, Key, Resource, Side, Text
from storage import registry
from storage.registry import Wanted, add_experiment, experiments_after, replace_draft

MOST_OF_A_LINE = 500
_WORD = re.compile(r"\w+")

router = APIRouter(prefix="/v1/experiments", tags=["experiments"])


class Experiments(BaseModel):
    """A page of experiments by key; `next` is where the next one goes on, if there is one."""

    experiments: list[Experiment]
    next: str | None


class Line(BaseModel):
    """Experiments that stem from one another, the first question first."""

    experiments: list[Experiment]


class Stop(Resource):
    """Why an experiment ends."""

    reason: Text


@router.post("", status_code=201)
async def write_draft(
    draft: ExperimentDraft, services: ServicesHere, response: Response
) -> Experiment:
    """Write down a draft; it counts nothing before it is registered."""
    async with services.database.connection() as connection:
        written = await add_experiment(connection, draft, at=datetime.now(UTC))
    response.headers["Location"] = f"{router.prefix}/{written.key}"
    return written


@router.get("")
async def list_experiments(
    services: ServicesHere,
    after: Annotated[str, Query(description="`next` of the page before", max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    search: Annotated[
        str | None,
        Query(description="beginnings of words of key, name, hypothesis", max_length=200),
    ] = None,
    status: ExperimentStatus | None = None,
    owner: Side | None = None,
    team: Key | None = None,
) -> Experiments:
    """Return a page of experiments: all, or those that are asked for."""
    wanted = Wanted(status=status, owner=owner, team=team, words=_words(search))
    async with services.database.connection() as connection:
        found = await experiments_after(connection, after=after, limit=limit + 1, wanted=wanted)
    page = found[:limit]
    return Experiments(experiments=page, next=page[-1].key if len(found) > limit else None)


@router.get("/{key}")
async def read_experiment(key: str, services: ServicesHere) -> Experiment:
    """Return one experiment."""
    async with services.database.connection() as connection:
        return await registry.experiment(connection, key)


@router.put("/{key}")
async def change_draft(key: str, draft: ExperimentDraft, services: ServicesHere) -> Experiment:
    """Change a draft; what is registered is amended instead."""
    if draft.key != key:
        raise InvalidInputError(InputError("key", "other_key", f"the address says {key!r}"))
    async with services.database.connection() as connection:
        return await replace_draft(connection, draft)


@router.post("/{key}/register")
async def register(key: str, services: ServicesHere) -> Experiment:
    """Freeze a draft; it runs when its period begins."""
    async with services.database.connection() as connection:
        return await registry.register_experiment(
            connection,
            key,
            at=datetime.now(UTC),
            reporting_currency=_currency(services),
            agreement_required=services.settings.is_agreement_required,
        )


@router.post("/{key}/start")
async def start(key: str, services: ServicesHere) -> Experiment:
    """Let an experiment run from now on, registering it where it is a draft."""
    async with services.database.connection() as connection:
        return await registry.start_experiment(
            connection,
            key,
            at=datetime.now(UTC),
            reporting_currency=_currency(services),
            agreement_required=services.settings.is_agreement_required,
        )


@router.post("/{key}/close")
async def close(key: str, services: ServicesHere) -> Experiment:
    """End intake before its time: exposures from now on do not count, open windows stay open."""
    async with services.database.connection() as connection:
        return await registry.close_experiment(
            connection, key, at=datetime.now(UTC), reporting_currency=_currency(services)
        )


@router.post("/{key}/stop")
async def stop(key: str, stop: Stop, services: ServicesHere) -> Experiment:
    """Give an experiment up: exposures from now on do not count, open windows stay open."""
    async with services.database.connection() as connection:
        return await registry.stop_experiment(
            connection,
            key,
            at=datetime.now(UTC),
            reason=stop.reason,
            reporting_currency=_currency(services),
        )


@router.get("/{key}/line")
async def read_line(key: str, services: ServicesHere) -> Line:
    """Return what the experiment stems from and what stems from it."""
    async with services.database.connection() as connection:
        return Line(experiments=await registry.line_of(connection, key, limit=MOST_OF_A_LINE))


def _words(search: str | None) -> tuple[str, ...]:
    if search is None:
        return ()
    words = tuple(_WORD.findall(search))
    if not words:
        raise InvalidInputError(InputError("search", "no_word", "letters or digits"))
    return words


def _currency(services: Services) -> str:
    return services.settings.reporting_currency
