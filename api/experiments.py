"""Registered questions: write a draft, find one, take it through the steps of its life."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.identity import Asking, Viewer
from api.problem_handlers import InputError, InvalidInputError
from api.registry_access import (
    changeable,
    log_policy,
    may_read,
    readable,
    refuse_foreign_owner,
)
from api.services import Services, ServicesHere
from schemas.lifecycle import ExperimentStatus
from schemas.resources import Experiment, ExperimentDraft, Key, Resource, Side, Text
from storage import registry
from storage.pool import Connection
from storage.registry import Wanted, add_experiment, experiments_after, replace_draft
from transparency.dimensions import PersonDimensionError, refuse_person_dimension

MOST_OF_A_LINE = 500
MOST_OF_A_NUMBER = 2**63 - 1
MOST_LOOKS = 5
"""Pages that are looked through for one page of experiments that may be known of."""
_WORD = re.compile(r"\w+")

router = APIRouter(prefix="/v1/experiments", tags=["experiments"])


class Experiments(BaseModel):
    """A page of experiments by key; `next` is where the next one goes on, if there is one.

    It is a number and no key: it may be that of an experiment nobody here may know of.
    """

    experiments: list[Experiment]
    next: int | None


class Line(BaseModel):
    """Experiments that stem from one another, the first question first."""

    experiments: list[Experiment]


class Stop(Resource):
    """Why an experiment ends."""

    reason: Text


@router.post("", status_code=201)
async def write_draft(
    draft: ExperimentDraft, services: ServicesHere, viewer: Viewer, response: Response
) -> Experiment:
    """Write down a draft; it counts nothing before it is registered."""
    refuse_foreign_owner(viewer, draft.owner)
    _refuse_people(draft)
    async with services.database.connection() as connection:
        written = await add_experiment(connection, draft, at=datetime.now(UTC))
    response.headers["Location"] = f"{router.prefix}/{written.key}"
    return written


@router.get("")
async def list_experiments(
    services: ServicesHere,
    viewer: Viewer,
    after: Annotated[
        int | None, Query(description="`next` of the page before", ge=1, le=MOST_OF_A_NUMBER)
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    search: Annotated[
        str | None,
        Query(description="beginnings of words of key, name, hypothesis", max_length=200),
    ] = None,
    status: ExperimentStatus | None = None,
    owner: Side | None = None,
    team: Key | None = None,
) -> Experiments:
    """Return a page of the experiments that are asked for and may be known of.

    Where most may not, a page can be short, or empty, and `next` still leads on.
    """
    wanted = Wanted(status=status, owner=owner, team=team, words=_words(search))
    async with services.database.connection() as connection:
        return await _page(connection, viewer, wanted, after=after, limit=limit)


@router.get("/{key}")
async def read_experiment(key: str, services: ServicesHere, viewer: Viewer) -> Experiment:
    """Return one experiment."""
    async with services.database.connection() as connection:
        return await readable(connection, viewer, key, at=datetime.now(UTC))


@router.put("/{key}")
async def change_draft(
    key: str, draft: ExperimentDraft, services: ServicesHere, viewer: Viewer
) -> Experiment:
    """Change a draft; what is registered is amended instead."""
    if draft.key != key:
        raise InvalidInputError(InputError("key", "other_key", f"the address says {key!r}"))
    _refuse_people(draft)
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        before = await changeable(connection, viewer, key, at=now)
        changed = await replace_draft(connection, draft, at=now)
        await log_policy(connection, viewer, before, changed, route="draft", at=now)
        return changed


@router.post("/{key}/register")
async def register(key: str, services: ServicesHere, viewer: Viewer) -> Experiment:
    """Freeze a draft; it runs when its period begins."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        await changeable(connection, viewer, key, at=now)
        return await registry.register_experiment(
            connection,
            key,
            at=now,
            reporting_currency=_currency(services),
            agreement_required=services.settings.is_agreement_required,
        )


@router.post("/{key}/start")
async def start(key: str, services: ServicesHere, viewer: Viewer) -> Experiment:
    """Let an experiment run from now on, registering it where it is a draft."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        await changeable(connection, viewer, key, at=now)
        return await registry.start_experiment(
            connection,
            key,
            at=now,
            reporting_currency=_currency(services),
            agreement_required=services.settings.is_agreement_required,
        )


@router.post("/{key}/close")
async def close(key: str, services: ServicesHere, viewer: Viewer) -> Experiment:
    """End intake before its time: exposures from now on do not count, open windows stay open."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        await changeable(connection, viewer, key, at=now)
        return await registry.close_experiment(
            connection, key, at=now, reporting_currency=_currency(services)
        )


@router.post("/{key}/stop")
async def stop(key: str, stop: Stop, services: ServicesHere, viewer: Viewer) -> Experiment:
    """Give an experiment up: exposures from now on do not count, open windows stay open."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        await changeable(connection, viewer, key, at=now)
        return await registry.stop_experiment(
            connection,
            key,
            at=now,
            reason=stop.reason,
            reporting_currency=_currency(services),
        )


@router.get("/{key}/line")
async def read_line(key: str, services: ServicesHere, viewer: Viewer) -> Line:
    """Return what the experiment stems from and what stems from it, as far as it may be known."""
    async with services.database.connection() as connection:
        await readable(connection, viewer, key, at=datetime.now(UTC))
        line = await registry.line_of(connection, key, limit=MOST_OF_A_LINE)
        return Line(experiments=[one for one in line if may_read(viewer, one)])


def _refuse_people(draft: ExperimentDraft) -> None:
    """Raise InvalidInputError where accounts would be broken down by people."""
    for number, dimension in enumerate(draft.dimensions):
        try:
            refuse_person_dimension(dimension.field)
        except PersonDimensionError as refused:
            place, rule = f"dimensions.{number}.field", f"names_{refused.kind}"
            raise InvalidInputError(InputError(place, rule, str(refused))) from None


async def _page(
    connection: Connection, viewer: Asking, wanted: Wanted, *, after: int | None, limit: int
) -> Experiments:
    """Look on where experiments may not be known of; not for ever, for there may be thousands."""
    page: list[Experiment] = []
    for _ in range(MOST_LOOKS):
        found = await experiments_after(connection, after=after, limit=limit + 1, wanted=wanted)
        for row in found[:limit]:
            if len(page) == limit:
                return Experiments(experiments=page, next=after)
            after = row.id
            if may_read(viewer, row.experiment):
                page.append(row.experiment)
        if len(found) <= limit:
            return Experiments(experiments=page, next=None)
    return Experiments(experiments=page, next=after)


def _words(search: str | None) -> tuple[str, ...]:
    if search is None:
        return ()
    words = tuple(_WORD.findall(search))
    if not words:
        raise InvalidInputError(InputError("search", "no_word", "letters or digits"))
    return words


def _currency(services: Services) -> str:
    return services.settings.reporting_currency
