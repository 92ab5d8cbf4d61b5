"""Lets in only requests that show the token; a few paths are open to everybody."""

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import BAD_TOKEN, ProblemError, problem_of, problem_response

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/openapi.json"})


class TokenRequired:
    """Middleware in front of all routes: what it lets through has shown the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        """Take the one token of this deployment."""
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 401."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS or self._is_shown(scope):
            await self._app(scope, receive, send)
            return
        refused = ProblemError(BAD_TOKEN, "Send the header `Authorization: Bearer <token>`.")
        headers = {"WWW-Authenticate": 'Bearer realm="roundtable"', "Connection": "close"}
        await problem_response(problem_of(refused), headers)(scope, receive, send)

    def _is_shown(self, scope: Scope) -> bool:
        shown = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        scheme, _, token = shown.partition(b" ")
        if scheme.lower() == b"bearer":  # RFC 9110: the scheme is case-insensitive
            shown = b"Bearer " + token.strip()
        return hmac.compare_digest(shown, self._expected)
