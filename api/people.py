"""People and teams: stewards add and change them, everybody sees who is there.

An e-mail address goes in and never comes out.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from api.entrance import EntranceHere
from api.identity import Viewer
from api.opaque_secrets import hash_of, new_id, new_secret
from api.problem_handlers import InputError, InvalidInputError
from api.problems import CONFLICT, NOT_FOUND, ProblemError
from api.services import ServicesHere
from schemas.event_filters import Resource
from schemas.metric_definitions import Key
from schemas.people import (
    PERSON_PATTERN,
    Name,
    Person,
    PersonChange,
    PersonDraft,
    Team,
    TeamDraft,
)
from storage import people
from storage.credentials import put_invitation
from storage.people import (
    AddressTakenError,
    TeamTakenError,
    UnknownPersonError,
    UnknownTeamError,
    WrongTeamError,
)
from storage.pool import Connection
from storage.sessions import end_sessions_of_person

INVITATION_TIME = timedelta(days=7)

router = APIRouter(prefix="/v1", tags=["people"])
PersonInPath = Annotated[str, Path(pattern=PERSON_PATTERN)]


class People(BaseModel):
    """A page of people by id; `next` is where the next one goes on, if there is one."""

    people: list[Person]
    next: str | None


class Teams(BaseModel):
    """Every team, by key."""

    teams: list[Team]


class TeamName(Resource):
    """What a team is called from now on."""

    name: Name


class Invitation(BaseModel):
    """What a person chooses a password or links an account with, once; shown this one time."""

    invitation: str
    expires_at: datetime


class Invited(BaseModel):
    """A person who was added, and the invitation to hand over."""

    person: Person
    invitation: Invitation


@router.post("/people", status_code=201)
async def add_person(
    draft: PersonDraft,
    viewer: Viewer,
    services: ServicesHere,
    entrance: EntranceHere,
    response: Response,
) -> Invited:
    """Add a person; the invitation in the answer is for them alone, and lasts a week."""
    person_id, address_hash = new_id("p-"), entrance.address_hash(draft.email)
    now = datetime.now(UTC)
    try:
        async with services.database.connection() as connection:
            person = await people.add_person(
                connection, person_id, draft, address_hash, at=now, by=viewer.actor
            )
            invitation = await _invite(connection, person_id, now)
    except WrongTeamError as error:
        raise _wrong_team(error) from None
    except AddressTakenError:
        raise _address_taken() from None
    response.headers["Location"] = f"{router.prefix}/people/{person_id}"
    response.headers["Cache-Control"] = "no-store"
    return Invited(person=person, invitation=invitation)


@router.get("/people")
async def list_people(
    services: ServicesHere,
    after: Annotated[str, Query(max_length=64, pattern="^[a-z0-9-]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> People:
    """Return a page of people."""
    async with services.database.connection() as connection:
        found = await people.people_after(connection, after=after, limit=limit + 1)
    page = found[:limit]
    return People(people=page, next=page[-1].id if len(found) > limit else None)


@router.get("/people/{person}")
async def read_person(person: PersonInPath, services: ServicesHere) -> Person:
    """Return one person."""
    try:
        async with services.database.connection() as connection:
            return await people.person(connection, person)
    except UnknownPersonError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None


@router.put("/people/{person}")
async def change_person(
    person: PersonInPath,
    change: PersonChange,
    services: ServicesHere,
    entrance: EntranceHere,
) -> Person:
    """Let a person stand as written; who is not active any more is signed out at once."""
    address_hash = None if change.email is None else entrance.address_hash(change.email)
    try:
        async with services.database.connection() as connection:
            changed = await people.change_person(connection, person, change, address_hash)
    except UnknownPersonError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    except WrongTeamError as error:
        raise _wrong_team(error) from None
    except AddressTakenError:
        raise _address_taken() from None
    entrance.identities.forget()
    return changed


@router.post("/people/{person}/invitation", status_code=201)
async def invite_again(
    person: PersonInPath, services: ServicesHere, response: Response
) -> Invitation:
    """Invite a person anew, as when a password was forgotten; the invitation before is void."""
    try:
        async with services.database.connection() as connection:
            standing = await people.person(connection, person)
            if not standing.is_active:
                raise ProblemError(CONFLICT, "Who is not active cannot be invited.")
            invitation = await _invite(connection, person, datetime.now(UTC))
    except UnknownPersonError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    response.headers["Cache-Control"] = "no-store"
    return invitation


@router.delete("/people/{person}/sessions", status_code=204)
async def sign_person_out(
    person: PersonInPath, services: ServicesHere, entrance: EntranceHere
) -> None:
    """End every session of a person."""
    async with services.database.connection() as connection:
        await end_sessions_of_person(connection, person)
    entrance.identities.forget()


@router.post("/teams", status_code=201)
async def add_team(draft: TeamDraft, services: ServicesHere) -> Team:
    """Write down a team."""
    try:
        async with services.database.connection() as connection:
            return await people.add_team(connection, draft, at=datetime.now(UTC))
    except TeamTakenError as error:
        raise ProblemError(CONFLICT, str(error)) from None


@router.get("/teams")
async def list_teams(services: ServicesHere) -> Teams:
    """Return every team."""
    async with services.database.connection() as connection:
        return Teams(teams=await people.all_teams(connection))


@router.put("/teams/{team}")
async def rename_team(
    team: Annotated[Key, Path()], change: TeamName, services: ServicesHere
) -> Team:
    """Give a team another name; its side stays."""
    try:
        async with services.database.connection() as connection:
            return await people.rename_team(connection, team, change.name)
    except UnknownTeamError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None


async def _invite(connection: Connection, person: str, now: datetime) -> Invitation:
    secret, expires_at = new_secret("rti_"), now + INVITATION_TIME
    await put_invitation(connection, person, hash_of(secret), expires_at=expires_at)
    return Invitation(invitation=secret, expires_at=expires_at)


def _wrong_team(error: WrongTeamError) -> InvalidInputError:
    return InvalidInputError(InputError("teams", "wrong_team", str(error)))


def _address_taken() -> ProblemError:
    return ProblemError(CONFLICT, "Another person signs in with this address.", field="email")
