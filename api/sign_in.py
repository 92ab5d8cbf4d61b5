"""Signing in with a password kept here, and choosing one with an invitation.

What goes wrong is told the same way whoever it is about: nobody learns who has an account.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.cross_site import csrf_token_of
from api.entrance import Entrance, EntranceHere
from api.opaque_secrets import hash_of
from api.problems import (
    CONFLICT,
    SIGN_IN_FAILED,
    TOO_MANY_REQUESTS,
    ProblemError,
    retry_after,
)
from api.services import ServicesHere
from schemas.event_filters import Resource
from schemas.people import EmailAddress, Password, ShownSecret, normal_password
from storage.attempts import Subject, count_attempt, forgive, uncount_attempt
from storage.credentials import (
    credentials_by_address,
    is_invited,
    set_password,
    take_invitation,
)
from storage.pool import Connection
from storage.sessions import end_sessions_of_person

FREE_FAILURES_OF_ACCOUNT = 5
FREE_FAILURES_OF_ADDRESS = 30
"""More: behind one address may sit a whole office."""

router = APIRouter(prefix="/v1/sign-in", tags=["sign-in"])


class WaysIn(BaseModel):
    """With what people sign in here."""

    way: Literal["password", "openid"]


class WithPassword(Resource):
    """Who wants in, and the password that only they know."""

    email: EmailAddress
    password: ShownSecret


class WithInvitation(Resource):
    """An invitation as it was handed over, and the password that is chosen with it."""

    invitation: ShownSecret
    password: Password


class SessionBegun(BaseModel):
    """A session has begun; its cookie is set, and unsafe requests have to show the token."""

    person: str
    csrf_token: str
    ends_at: datetime


@router.get("")
async def ways_in(entrance: EntranceHere) -> WaysIn:
    """Say with what people sign in here: a password, or the identity provider."""
    return WaysIn(way="password" if entrance.provider is None else "openid")


@router.post("")
async def sign_in(
    who: WithPassword,
    request: Request,
    response: Response,
    services: ServicesHere,
    entrance: EntranceHere,
) -> SessionBegun:
    """Sign in with a password. Whatever is wrong with it, the answer is the same 401."""
    _require_passwords(entrance)
    address_hash = entrance.address_hash(who.email)
    account, network = _subjects(request, entrance, who.email)
    async with services.database.connection() as connection:
        wait = await _count(connection, network, account)
        found = await credentials_by_address(connection, address_hash)
    if wait is not None:
        raise too_many_attempts(wait)
    # An account at the provider has no password; one that was left over does not open it.
    stored = None if found is None or found.openid_subject else found.password_hash
    password = normal_password(who.password.get_secret_value())
    check = await entrance.passwords.check(password, stored)
    if not check.is_right or found is None:
        raise ProblemError(SIGN_IN_FAILED, "The address or the password is not right.")
    async with services.database.connection() as connection:
        await _forget_failures(connection, network, account)
        if check.better_hash is not None:
            await set_password(connection, found.person, check.better_hash)
        return await _begun(connection, request, response, entrance, found.person)


@router.post("/invitation")
async def accept_invitation(
    chosen: WithInvitation,
    request: Request,
    response: Response,
    services: ServicesHere,
    entrance: EntranceHere,
) -> SessionBegun:
    """Choose a password with an invitation, and be signed in; other sessions end."""
    _require_passwords(entrance)
    invitation = hash_of(chosen.invitation.get_secret_value())
    async with services.database.connection() as connection:
        if not await is_invited(connection, invitation, at=datetime.now(UTC)):
            raise _no_invitation()
    password_hash = await entrance.passwords.hash(chosen.password.get_secret_value())
    async with services.database.connection() as connection:
        person = await take_invitation(connection, invitation, at=datetime.now(UTC))
        if person is None:
            raise _no_invitation()
        await set_password(connection, person, password_hash)
        await end_sessions_of_person(connection, person)
        begun = await _begun(connection, request, response, entrance, person)
    entrance.identities.forget()
    return begun


def too_many_attempts(wait: timedelta) -> ProblemError:
    """The answer to an attempt that is not judged at all."""
    seconds = max(1, math.ceil(wait.total_seconds()))
    return ProblemError(
        TOO_MANY_REQUESTS,
        f"Too many attempts failed. The next one is taken in {seconds} seconds.",
        headers=retry_after(seconds),
    )


def _no_invitation() -> ProblemError:
    return ProblemError(SIGN_IN_FAILED, "The invitation was used, replaced, or has ended.")


def _require_passwords(entrance: Entrance) -> None:
    if entrance.provider is not None:
        raise ProblemError(CONFLICT, "People sign in at the identity provider here.")


def _subjects(request: Request, entrance: Entrance, email: str) -> tuple[Subject, Subject]:
    address = request.client.host if request.client else "unknown"
    return (
        Subject(entrance.attempt_hash("account", email), FREE_FAILURES_OF_ACCOUNT),
        Subject(entrance.attempt_hash("address", address), FREE_FAILURES_OF_ADDRESS),
    )


async def _count(connection: Connection, network: Subject, account: Subject) -> timedelta | None:
    """Count the attempt, whatever becomes of it, in the one order that all transactions keep."""
    now = datetime.now(UTC)
    wait = await count_attempt(connection, network, at=now)
    return wait if wait is not None else await count_attempt(connection, account, at=now)


async def _forget_failures(connection: Connection, network: Subject, account: Subject) -> None:
    # Somebody else's guesses from the same address are not made good by it.
    await uncount_attempt(connection, network, at=datetime.now(UTC))
    await forgive(connection, account)


async def _begun(
    connection: Connection, request: Request, response: Response, entrance: Entrance, person: str
) -> SessionBegun:
    secret, ends_at = await entrance.begin_session(connection, request, response, person)
    response.headers["Cache-Control"] = "no-store"
    return SessionBegun(person=person, csrf_token=csrf_token_of(secret), ends_at=ends_at)
