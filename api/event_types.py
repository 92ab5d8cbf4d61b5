"""The event types of the house: register one, widen it, read it with all its versions."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api import problems
from api.problems import ProblemError
from api.services import ServicesHere
from schemas.event_type_drafts import EventTypeDraft, OwnType
from schemas.event_types import EVENT_TYPES
from storage.event_types import (
    IncompatibleTypeError,
    event_type_versions,
    newest_event_types,
    register_event_type,
)

router = APIRouter(prefix="/v1/event-types", tags=["event types"])


class EventTypes(BaseModel):
    """The newest version of every registered event type, by name."""

    event_types: list[OwnType]


class EventTypeVersions(BaseModel):
    """All versions of one event type, newest first."""

    type: str
    versions: list[OwnType]


@router.post("", status_code=201, responses={200: {"model": OwnType}})
async def register(draft: EventTypeDraft, services: ServicesHere, response: Response) -> OwnType:
    """Register an event type: 201 where it is new or takes more than before, 200 where it is not.

    A version that would refuse what an earlier one takes is answered with 409.
    """
    try:
        async with services.database.connection() as connection:
            found, is_new = await register_event_type(connection, draft, at=datetime.now(UTC))
    except IncompatibleTypeError as error:
        raise ProblemError(
            problems.CONFLICT, str(error), field="data_schema", rule="incompatible"
        ) from None
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"{router.prefix}/{found.type}"
    return found


@router.get("")
async def list_event_types(services: ServicesHere) -> EventTypes:
    """Return the newest version of every registered event type."""
    async with services.database.connection() as connection:
        return EventTypes(event_types=await newest_event_types(connection))


@router.get("/{type}")
async def read_event_type(type: str, services: ServicesHere) -> EventTypeVersions:  # noqa: A002
    """Return all versions of one registered event type."""
    if type in EVENT_TYPES:
        contract = EVENT_TYPES[type].contract
        raise ProblemError(problems.NOT_FOUND, f"{type!r} is built in; its contract is {contract}")
    async with services.database.connection() as connection:
        versions = await event_type_versions(connection, type)
    if not versions:
        raise ProblemError(problems.NOT_FOUND, f"no event type {type!r} is registered")
    return EventTypeVersions(type=type, versions=versions)
