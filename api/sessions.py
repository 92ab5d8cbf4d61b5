"""Who asks, as the API knows them; ending sessions; choosing another password."""

from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.access import SESSION
from api.cross_site import csrf_token_of
from api.entrance import Entrance, EntranceHere
from api.identity import Asking, Machine, PersonHere, SignedIn, Viewer
from api.problems import CONFLICT, SIGN_IN_FAILED, ProblemError
from api.services import Services, ServicesHere
from api.sign_in import FREE_FAILURES_OF_ACCOUNT, too_many_attempts
from schemas.event_filters import Resource
from schemas.people import Password, PersonSide, Role, ShownSecret, normal_password
from schemas.scopes import Scope
from storage.attempts import Subject, count_attempt, forgive
from storage.credentials import password_of_person, set_password
from storage.sessions import end_session, end_sessions_of_person

router = APIRouter(prefix="/v1", tags=["sign-in"])


class WhoAsks(BaseModel):
    """The person who is signed in, or the machine whose token was shown."""

    kind: Literal["person", "machine"]
    id: str | None
    """None for the deployment token."""
    name: str
    side: PersonSide | None = None
    roles: list[Role] = []
    teams: list[str] = []
    scopes: list[Scope]
    csrf_token: str | None = None
    """For people: what unsafe requests have to show in `X-CSRF-Token`."""


class NewPassword(Resource):
    """The password so far and the one from now on."""

    current: ShownSecret
    new: Password


@router.get("/session")
async def who_asks(
    viewer: Viewer, request: Request, response: Response, entrance: EntranceHere
) -> WhoAsks:
    """Say who asks, and what they may ask."""
    response.headers["Cache-Control"] = "no-store"
    secret = entrance.site.cookie(request.headers, SESSION)
    return _described(viewer, secret or "")


@router.delete("/session", status_code=204)
async def sign_out(
    person: PersonHere,
    request: Request,
    response: Response,
    services: ServicesHere,
    entrance: EntranceHere,
) -> None:
    """End this session."""
    async with services.database.connection() as connection:
        await end_session(connection, person.session)
    _forget(entrance, request, response)


@router.delete("/sessions", status_code=204)
async def sign_out_everywhere(
    person: PersonHere,
    request: Request,
    response: Response,
    services: ServicesHere,
    entrance: EntranceHere,
) -> None:
    """End every session of whoever asks, this one as well."""
    async with services.database.connection() as connection:
        await end_sessions_of_person(connection, person.person)
    _forget(entrance, request, response)


@router.put("/session/password", status_code=204)
async def change_password(
    passwords: NewPassword, person: PersonHere, services: ServicesHere, entrance: EntranceHere
) -> None:
    """Choose another password; every other session ends."""
    if entrance.provider is not None:
        raise ProblemError(CONFLICT, "People sign in at the identity provider here.")
    account = Subject(entrance.attempt_hash("password of", person.person), FREE_FAILURES_OF_ACCOUNT)
    stored = await _stored_password(services, account, person.person)
    current = normal_password(passwords.current.get_secret_value())
    check = await entrance.passwords.check(current, stored)
    if not check.is_right:
        raise ProblemError(SIGN_IN_FAILED, "The password so far is not right.")
    password_hash = await entrance.passwords.hash(passwords.new.get_secret_value())
    async with services.database.connection() as connection:
        await forgive(connection, account)
        await set_password(connection, person.person, password_hash)
        await end_sessions_of_person(connection, person.person, keep=person.session)
    entrance.identities.forget()


async def _stored_password(services: Services, account: Subject, person: str) -> str | None:
    """Count the attempt: who found an open browser does not get to guess in it."""
    async with services.database.connection() as connection:
        wait = await count_attempt(connection, account, at=datetime.now(UTC))
        stored = await password_of_person(connection, person)
    if wait is not None:
        raise too_many_attempts(wait)
    return stored


def _described(asking: Asking, secret: str) -> WhoAsks:
    if isinstance(asking, Machine):
        return WhoAsks(
            kind="machine", id=asking.token, name=asking.name, scopes=sorted(asking.scopes)
        )
    return WhoAsks(
        kind="person",
        id=asking.person,
        name=asking.name,
        side=asking.side,
        roles=_in_order(asking),
        teams=sorted(asking.teams),
        scopes=sorted(asking.scopes),
        csrf_token=csrf_token_of(secret),
    )


def _in_order(asking: SignedIn) -> list[Role]:
    return [role for role in Role if role in asking.roles]


def _forget(entrance: Entrance, request: Request, response: Response) -> None:
    entrance.identities.forget()
    entrance.site.drop_cookie(request.headers, response, SESSION)
