"""Tells who shows a token or a session, asking PostgreSQL at most every few seconds for each.

The deployment token needs no database: the gateway takes events also while there is none.
"""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime

from api.database import Database
from api.identity import DEPLOYMENT, Machine, SignedIn
from api.opaque_secrets import hash_of
from api.verified import Verified
from schemas.scopes import scopes_of
from schemas.tokens import TOKEN_PREFIX
from storage.sessions import SignedInPerson, signed_in_person
from storage.tokens import TokenInForce, token_in_force

OUTAGE_SECONDS = 600.0
"""How long tokens go on working while PostgreSQL is away: sources do not stop sending for that."""
ASK_WITHIN = 2.0


class Identities:
    """Everybody who may ask."""

    def __init__(self, deployment_token: str, database: Callable[[], Database]) -> None:
        """Take the token that always works, and where the others are known."""
        self._deployment_token = deployment_token.encode()
        self._database = database
        self._tokens = Verified(self._ask_token, outage_seconds=OUTAGE_SECONDS)
        self._sessions = Verified(self._ask_session)

    def is_deployment(self, token: bytes) -> bool:
        """Tell whether this is the token of the deployment itself."""
        return hmac.compare_digest(token, self._deployment_token)

    def knows(self, token: bytes) -> bool:
        """Tell whether this token was in force not long ago."""
        return self._tokens.knows(_hash(token))

    def knows_session(self, session_secret: str) -> bool:
        """Tell whether this session was in force not long ago."""
        return self._sessions.knows(hash_of(session_secret))

    async def machine(self, token: bytes) -> Machine | None:
        """Return the machine that shows this token, while it is in force."""
        if self.is_deployment(token):
            return DEPLOYMENT
        if not token.startswith(TOKEN_PREFIX.encode()):
            return None
        found = await self._tokens.of(_hash(token))
        if found is None:
            return None
        return Machine(token=found.id, name=found.name, scopes=found.scopes)

    async def person(self, session_secret: str) -> SignedIn | None:
        """Return the person whose session this is, while it lasts."""
        session = hash_of(session_secret)
        found = await self._sessions.of(session)
        if found is None:
            return None
        return SignedIn(
            person=found.person,
            name=found.name,
            side=found.side,
            roles=found.roles,
            teams=found.teams,
            scopes=scopes_of(found.roles),
            session=session,
        )

    def forget(self) -> None:
        """Ask about everybody again; other processes do so within seconds."""
        self._tokens.forget()
        self._sessions.forget()

    async def _ask_token(self, token_hash: bytes) -> TokenInForce | None:
        async with self._database().connection(within=ASK_WITHIN) as connection:
            return await token_in_force(connection, token_hash, at=datetime.now(UTC))

    async def _ask_session(self, session: bytes) -> SignedInPerson | None:
        async with self._database().connection(within=ASK_WITHIN) as connection:
            return await signed_in_person(connection, session, at=datetime.now(UTC))


def _hash(token: bytes) -> bytes:
    return hash_of(token.decode("latin-1"))
