"""What people come in by, put together once: identities, passwords, the provider, the cookies."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from api.access import SESSION
from api.identities import Identities
from api.opaque_secrets import hash_of, keyed_hash, new_secret
from api.openid import OpenIdProvider
from api.passwords import Passwords
from api.settings import Settings
from api.site import Site
from storage.pool import Connection
from storage.sessions import LONGEST, end_session, start_session

CALLBACK = "/v1/sign-in/openid/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """One of each."""

    site: Site
    identities: Identities
    passwords: Passwords
    provider: OpenIdProvider | None
    hash_key: bytes

    def address_hash(self, email: str) -> bytes:
        """What is stored of an e-mail address."""
        return keyed_hash(self.hash_key, "sign-in address", email)

    def attempt_hash(self, kind: str, text: str) -> bytes:
        """What attempts to sign in are counted under."""
        return keyed_hash(self.hash_key, f"sign-in attempt of {kind}", text)

    async def begin_session(
        self, connection: Connection, request: Request, response: Response, person: str
    ) -> tuple[str, datetime]:
        """Sign somebody in: a new session, never the one that the browser had before.

        Return the session's secret and when it ends.
        """
        before = self.site.cookie(request.headers, SESSION)
        if before is not None:
            await end_session(connection, hash_of(before))
        secret = new_secret()
        ends_at = await start_session(connection, hash_of(secret), person, at=datetime.now(UTC))
        self.site.put_cookie(
            request.headers, response, SESSION, secret, seconds=int(LONGEST.total_seconds())
        )
        return secret, ends_at


def entrance_with(settings: Settings, identities: Identities) -> Entrance:
    """Put together what these settings ask for."""
    chosen = settings.sign_in
    site = Site(chosen.public_url)
    provider = None
    if chosen.openid is not None:
        provider = OpenIdProvider(chosen.openid, f"{chosen.public_url}{CALLBACK}")
    return Entrance(
        site=site,
        identities=identities,
        passwords=Passwords(),
        provider=provider,
        hash_key=settings.hash_key,
    )


def entrance_of(request: Request) -> Entrance:
    """The entrance of the application that this request came to."""
    entrance: Entrance = request.app.state.entrance
    return entrance


EntranceHere = Annotated[Entrance, Depends(entrance_of)]
