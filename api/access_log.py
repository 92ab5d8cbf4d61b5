"""GET /v1/experiments/{key}/accesses: who looked at the details, for those whom it concerns."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.identity import Machine, Viewer, seen_as
from api.services import ServicesHere
from api.visibility import sight_of, stake_of
from schemas.policies import Level
from storage.access_log import Entry, accesses_before, log_access
from transparency.access_log import Access, Action, may_read_entry

router = APIRouter(prefix="/v1/experiments", tags=["visibility"])


class LoggedAccess(BaseModel):
    """One access: kept before anything was shown, never changed since."""

    number: int
    at: datetime
    action: str
    person: str | None
    level: str
    route: str
    detail: dict[str, Any] | None


class Accesses(BaseModel):
    """The latest accesses, the newest first; `next` is the `before` of the page after it."""

    accesses: list[LoggedAccess]
    next: int | None


@router.get("/{key}/accesses")
async def read_accesses(
    key: str,
    services: ServicesHere,
    asking: Viewer,
    before: Annotated[int, Query(ge=1, description="`next` of the page before")] = 2**62,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Accesses:
    """Return who looked at details and who changed rules, as far as it concerns whoever asks."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        sight = await sight_of(connection, asking, key, now=now)
        found = await accesses_before(connection, key, before=before, limit=limit)
        # Reading the log is an access itself, and those who were read about may know of it.
        access = Access(action=Action.LOG_READ, level=Level.NONE, person=sight.person)
        await log_access(connection, access, experiment=key, route="accesses", at=now)
    if not isinstance(asking, Machine):
        viewer, stake = seen_as(asking), stake_of(sight.experiment)
        shown = [entry for entry in found if may_read_entry(viewer, stake, entry.access)]
    else:
        shown = found if sight.level is None else []
    following = found[-1].number if len(found) == limit else None
    return Accesses(accesses=[_logged(entry) for entry in shown], next=following)


def _logged(entry: Entry) -> LoggedAccess:
    return LoggedAccess(
        number=entry.number,
        at=entry.at,
        action=entry.access.action.value,
        person=entry.access.person,
        level=entry.access.level.value,
        route=entry.route,
        detail=None if entry.detail is None else dict(entry.detail),
    )
