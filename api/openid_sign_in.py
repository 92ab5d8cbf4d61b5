"""Signing in at the identity provider: out with a state that comes back once, in the same browser.

The account there is a person here once it was linked: by an invitation, or by an address that the
provider has verified.
"""

import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.entrance import CALLBACK, Entrance, EntranceHere
from api.opaque_secrets import hash_of, new_secret
from api.openid import Account, NotSignedInError, OpenIdProvider, ProviderUnreachableError
from api.problems import (
    CONFLICT,
    PROVIDER_UNREACHABLE,
    SIGN_IN_FAILED,
    ProblemError,
    retry_after,
)
from api.services import ServicesHere
from schemas.event_filters import Resource
from schemas.people import ShownSecret, normal_address
from storage.credentials import (
    SubjectTakenError,
    credentials_by_address,
    link_subject,
    person_of_subject,
    take_invitation,
)
from storage.pool import Connection
from storage.sessions import Flow, begin_flow, take_flow

BROWSER = "sign-in"
"""The cookie that a sign-in has to come back with."""
FLOW_TIME = timedelta(minutes=10)

_LOG = logging.getLogger(__name__)
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")

router = APIRouter(tags=["sign-in"])


def _own_path(path: str) -> str:
    if not _OWN_PATH.fullmatch(path):
        raise ValueError("a path of this deployment, beginning with one slash")
    return path


class GoingOut(Resource):
    """Where to come back to afterwards, and the invitation, where somebody comes first."""

    return_to: Annotated[str, Field(max_length=1_000), AfterValidator(_own_path)] = "/"
    invitation: ShownSecret | None = None


class WayOut(BaseModel):
    """Where the browser is to go now."""

    continue_at: str


@router.post("/v1/sign-in/openid")
async def go_out(
    going: GoingOut,
    request: Request,
    response: Response,
    services: ServicesHere,
    entrance: EntranceHere,
) -> WayOut:
    """Begin a sign-in at the identity provider."""
    provider = _provider(entrance)
    state, verifier = new_secret(), new_secret()
    # Kept where there is one: a second tab does not make the first forget its way back.
    browser = entrance.site.cookie(request.headers, BROWSER) or new_secret()
    flow = Flow(
        nonce=new_secret(),
        verifier=verifier,
        return_to=going.return_to,
        invitation=hash_of(going.invitation.get_secret_value()) if going.invitation else None,
    )
    try:
        url = await provider.authorisation_url(state=state, nonce=flow.nonce, verifier=verifier)
    except ProviderUnreachableError as error:
        raise _unreachable(error) from error
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        await begin_flow(
            connection,
            flow,
            state_hash=hash_of(state),
            browser_hash=hash_of(browser),
            at=now,
            expires_at=now + FLOW_TIME,
        )
    seconds = int(FLOW_TIME.total_seconds())
    entrance.site.put_cookie(request.headers, response, BROWSER, browser, seconds=seconds)
    response.headers["Cache-Control"] = "no-store"
    return WayOut(continue_at=url)


@router.get(CALLBACK, status_code=303, response_class=Response)
async def come_back(
    request: Request,
    services: ServicesHere,
    entrance: EntranceHere,
    state: Annotated[str, Query(max_length=1_000)],
    code: Annotated[str | None, Query(max_length=4_000)] = None,
    iss: Annotated[str | None, Query(max_length=1_000)] = None,
) -> Response:
    """Come back from the identity provider, be signed in, and go on."""
    provider = _provider(entrance)
    flow = await _taken(request, services, entrance, state)
    if not code or iss not in {None, provider.issuer}:  # RFC 9207: no other may answer
        raise ProblemError(SIGN_IN_FAILED, "The identity provider signed nobody in.")
    account = await _account(provider, code, flow)
    response = RedirectResponse(flow.return_to, status_code=303)
    async with services.database.connection() as connection:
        person = await _person(connection, entrance, account, flow)
        await entrance.begin_session(connection, request, response, person)
    entrance.site.drop_cookie(request.headers, response, BROWSER)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _taken(request: Request, services: ServicesHere, entrance: Entrance, state: str) -> Flow:
    browser = entrance.site.cookie(request.headers, BROWSER) or ""
    async with services.database.connection() as connection:
        flow = await take_flow(
            connection,
            state_hash=hash_of(state),
            browser_hash=hash_of(browser),
            at=datetime.now(UTC),
        )
    if flow is None:
        raise ProblemError(
            SIGN_IN_FAILED, "This sign-in did not begin here, took too long, or is over already."
        )
    return flow


async def _account(provider: OpenIdProvider, code: str, flow: Flow) -> Account:
    try:
        return await provider.account(code, verifier=flow.verifier, nonce=flow.nonce)
    except ProviderUnreachableError as error:
        raise _unreachable(error) from error
    except NotSignedInError as error:
        _LOG.warning("A sign-in was refused: %s", error)
        raise ProblemError(
            SIGN_IN_FAILED, "What the identity provider sent vouches for nobody."
        ) from error


async def _person(connection: Connection, entrance: Entrance, account: Account, flow: Flow) -> str:
    known = await person_of_subject(connection, account.issuer, account.subject)
    if known is not None:
        return known
    invited = await _invited(connection, entrance, account, flow)
    if invited is None:
        raise ProblemError(
            SIGN_IN_FAILED, "This account belongs to nobody here. A steward can send an invitation."
        )
    try:
        await link_subject(connection, invited, account.issuer, account.subject)
    except SubjectTakenError:
        raise ProblemError(CONFLICT, "This account belongs to another person.") from None
    return invited


async def _invited(
    connection: Connection, entrance: Entrance, account: Account, flow: Flow
) -> str | None:
    if flow.invitation is not None:
        return await take_invitation(connection, flow.invitation, at=datetime.now(UTC))
    if account.verified_email is None:
        return None
    address_hash = entrance.address_hash(normal_address(account.verified_email))
    found = await credentials_by_address(connection, address_hash)
    # Whoever has an account already keeps it: an address can be given to somebody else.
    return found.person if found is not None and found.openid_subject is None else None


def _provider(entrance: Entrance) -> OpenIdProvider:
    if entrance.provider is None:
        raise ProblemError(CONFLICT, "People sign in with a password here.")
    return entrance.provider


def _unreachable(error: ProviderUnreachableError) -> ProblemError:
    _LOG.warning("Nobody can sign in: %s", error)
    return ProblemError(PROVIDER_UNREACHABLE, "Try again in a few seconds.", headers=retry_after(5))
