"""Forgetting: a contact on request, and old events by rule. Both leave a trace without a name."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from api import problems
from api.identity import Viewer
from api.problems import ProblemError
from api.services import ServicesHere
from schemas.retention import ErasureReport, Retention, RetentionDraft, RetentionReport
from storage import retention
from storage.erasure import Erasure, erase_contact, erasures_before
from storage.retention_pass import run_pass

router = APIRouter(prefix="/v1", tags=["forgetting"])


class Erasures(BaseModel):
    """The latest erasures, the newest first; `next` is the `before` of the page after it."""

    erasures: list[ErasureReport]
    next: int | None


class RetentionRules(BaseModel):
    """All rules by type; what has none is kept for ever."""

    rules: list[Retention]


class RetentionRuns(BaseModel):
    """What one pass over all rules deleted, and the months in use that the next one tries again."""

    runs: list[RetentionReport]
    put_off: list[str]


@router.delete("/contacts/{contact}")
async def erase(
    contact: Annotated[str, Path(min_length=1, max_length=200)],
    services: ServicesHere,
    asking: Viewer,
) -> ErasureReport:
    """Erase a contact's events; figures become what they would be had it never been seen."""
    async with services.database.connection() as connection:
        found = await erase_contact(connection, contact, by=asking.actor, at=datetime.now(UTC))
    return _report(found)


@router.get("/erasures")
async def list_erasures(
    services: ServicesHere,
    before: Annotated[int, Query(ge=1, description="`next` of the page before")] = 2**62,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Erasures:
    """Return a page of erasures: when, by whom, and which experiments they touched."""
    async with services.database.connection() as connection:
        found = await erasures_before(connection, before=before, limit=limit)
    following = found[-1].number if len(found) == limit else None
    return Erasures(erasures=[_report(one) for one in found], next=following)


@router.get("/retention")
async def read_retention(services: ServicesHere) -> RetentionRules:
    """Return how long events are kept."""
    async with services.database.connection() as connection:
        found = await retention.retention_rules(connection)
    return RetentionRules(rules=[_rule(rule) for rule in found])


@router.put("/retention")
async def keep_for(draft: RetentionDraft, services: ServicesHere, asking: Viewer) -> RetentionRules:
    """Set how long events of a type are kept."""
    async with services.database.connection() as connection:
        await retention.put_rule(
            connection, draft.type, draft.days, by=asking.actor, at=datetime.now(UTC)
        )
        found = await retention.retention_rules(connection)
    return RetentionRules(rules=[_rule(rule) for rule in found])


@router.delete("/retention/{event_type}", status_code=204)
async def keep_for_ever(event_type: str, services: ServicesHere) -> None:
    """Drop a rule: events of that type are kept for ever again."""
    async with services.database.connection() as connection:
        if not await retention.drop_rule(connection, event_type):
            raise ProblemError(problems.NOT_FOUND, f"no rule has the type {event_type!r}")


@router.post("/retention/runs")
async def run_retention(services: ServicesHere) -> RetentionRuns:
    """Delete what no rule keeps and no experiment needs: months as a whole, the rest in parts."""
    done = await run_pass(services.database.connection, at=datetime.now(UTC))
    return RetentionRuns(
        runs=[
            RetentionReport(type=run.type, older_than=run.older_than, events=run.events)
            for run in done.runs
        ],
        put_off=list(done.put_off),
    )


def _rule(rule: retention.RetentionRule) -> Retention:
    return Retention(
        type=rule.type, days=rule.days, changed_at=rule.changed_at, changed_by=rule.changed_by
    )


def _report(found: Erasure) -> ErasureReport:
    return ErasureReport(
        number=found.number,
        erased_at=found.erased_at,
        erased_by=found.erased_by,
        events=found.events,
        accounts=found.accounts,
        experiments=found.experiments,
    )
