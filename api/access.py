"""Lets in only who is known: every request is given a person or a machine, or refused.

In front of all routes. What a route needs beyond that is in `api.requirements`.
"""

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from api.cross_site import SAFE_METHODS, check_csrf_token, check_origin
from api.database import DatabaseUnreachableError
from api.identities import Identities
from api.identity import DEPLOYMENT, Asking, SignedIn, place_asking
from api.problems import (
    BAD_TOKEN,
    DATABASE_UNREACHABLE,
    ProblemError,
    problem_of,
    problem_response,
    retry_after,
)
from api.rate_limits import Rate, RateLimits
from api.requirements import OPEN_PATHS
from api.site import Site
from storage.pool import UNREACHABLE

SESSION = "session"
VERIFY_AGAIN_SECONDS = 10.0
"""A stream may last for days; whoever watches is asked for again as long as it does."""

PERSON_RATE = Rate(per_second=20, at_once=200)
MACHINE_RATE = Rate(per_second=200, at_once=1_000)
STRANGER_RATE = Rate(per_second=5, at_once=60)
"""For requests of one network address that show nothing, or nothing that is in force."""

_HEALTH = frozenset({"/healthz", "/readyz", "/openapi.json"})
_WHY_401 = "Send the header `Authorization: Bearer <token>`, or sign in."


class _NoLongerKnownError(Exception):
    """Whoever watches a stream is not signed in any more."""


class Access:
    """Middleware that knows who asks."""

    def __init__(self, app: ASGIApp, *, identities: Identities, site: Site) -> None:
        """Take who may ask, and where pages are served."""
        self._app = app
        self._identities = identities
        self._site = site
        self._limits = RateLimits()

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass the request on with who sent it, or answer it with 401, 403, 429 or 503."""
        if scope["type"] != "http" or scope["path"] in _HEALTH:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            asking = await self._let_in(scope, headers)
        except ProblemError as refused:
            answer = problem_response(problem_of(refused), refused.headers)
            await answer(scope, receive, send)
            return
        if asking is None or asking is DEPLOYMENT:
            await self._app(scope, receive, send)
        else:
            await self._while_known(scope, receive, send, headers)

    async def _let_in(self, scope: AsgiScope, headers: Headers) -> Asking | None:
        """Return who asks, None on a path that is open to everybody. Raises ProblemError."""
        if scope["path"] in OPEN_PATHS:
            self._limits.take(_address(scope), STRANGER_RATE)
            self._check_origin_of_page(scope, headers)
            return None
        asking = await self._known(scope, headers)
        if asking is None:
            self._limits.take(_address(scope), STRANGER_RATE)
            raise _unknown()
        self._count(asking)
        if isinstance(asking, SignedIn):
            self._check_intent(scope, headers)
        place_asking(scope, asking)
        return asking

    async def _known(self, scope: AsgiScope, headers: Headers) -> Asking | None:
        try:
            return await self._shown(headers, scope)
        except (DatabaseUnreachableError, *UNREACHABLE):
            raise ProblemError(
                DATABASE_UNREACHABLE,
                "Who asks cannot be found out. Try again in a few seconds.",
                headers=retry_after(2) | {"Connection": "close"},
            ) from None

    async def _shown(self, headers: Headers, scope: AsgiScope) -> Asking | None:
        shown = headers.get("authorization")
        if shown is None:
            secret = self._site.cookie(headers, SESSION)
            return None if secret is None else await self._person(secret, scope)
        scheme, _, text = shown.partition(" ")
        if scheme.lower() != "bearer":  # RFC 9110: the scheme is case-insensitive
            return None
        token = text.strip().encode("latin-1")
        if self._identities.is_deployment(token):
            return DEPLOYMENT
        if not self._identities.knows(token):
            # Who tries one token after another does not ask the database for each.
            self._limits.require(_address(scope), STRANGER_RATE)
        return await self._identities.machine(token)

    async def _person(self, session_secret: str, scope: AsgiScope) -> Asking | None:
        if not self._identities.knows_session(session_secret):
            self._limits.require(_address(scope), STRANGER_RATE)
        return await self._identities.person(session_secret)

    def _count(self, asking: Asking) -> None:
        if isinstance(asking, SignedIn):
            self._limits.take(asking.person, PERSON_RATE)
        elif asking.token is not None:
            self._limits.take(asking.token, MACHINE_RATE)

    def _check_intent(self, scope: AsgiScope, headers: Headers) -> None:
        if scope["method"] in SAFE_METHODS:
            return
        check_origin(headers, self._site.required_origin(headers))
        check_csrf_token(headers, self._site.cookie(headers, SESSION) or "")

    def _check_origin_of_page(self, scope: AsgiScope, headers: Headers) -> None:
        """Let no other site sign a browser in: its person would work in a stranger's name."""
        if scope["method"] not in SAFE_METHODS:
            check_origin(headers, self._site.required_origin(headers))

    async def _while_known(
        self, scope: AsgiScope, receive: Receive, send: Send, headers: Headers
    ) -> None:
        """Answer as long as whoever asked may still ask: an answer may be a stream."""
        verified_at = time.monotonic()

        async def send_while_known(message: Message) -> None:
            nonlocal verified_at
            is_body = message["type"] == "http.response.body"
            if is_body and time.monotonic() - verified_at > VERIFY_AGAIN_SECONDS:
                if not await self._is_still_known(scope, headers):
                    raise _NoLongerKnownError
                verified_at = time.monotonic()
            await send(message)

        try:
            await self._app(scope, receive, send_while_known)
        except _NoLongerKnownError:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _is_still_known(self, scope: AsgiScope, headers: Headers) -> bool:
        try:
            return await self._shown(headers, scope) is not None
        except ProblemError:
            return False
        except (DatabaseUnreachableError, *UNREACHABLE):
            return True  # nothing is known of an end; what is shown comes from the database anyway


def _unknown() -> ProblemError:
    # The body may still be on its way; on a connection that stays open it would be read.
    headers = {"WWW-Authenticate": 'Bearer realm="roundtable"', "Connection": "close"}
    return ProblemError(BAD_TOKEN, _WHY_401, headers=headers)


def _address(scope: AsgiScope) -> str:
    client = scope.get("client")
    return f"address {client[0]}" if client else "address unknown"
