"""Tells browsers what an answer may do: on every answer, errors and failures included.

It stands outside everything else, so that nothing answers past it.
"""

import re
import secrets

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "X-Request-ID"
_PLAUSIBLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with it browsers hide the origin of our own forms from us.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
STRICT_TRANSPORT = "max-age=31536000"


class GuardedApp(FastAPI):
    """An application whose every answer carries the headers, whatever made it."""

    is_https = False
    """Whether people come by TLS, so that browsers are told to come no other way."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put the headers around what answers failures too, where no middleware reaches."""
        return SecurityHeaders(super().build_middleware_stack(), is_https=self.is_https)


class SecurityHeaders:
    """Adds what an answer does not say itself, and the id that it is found by in logs."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        """Take whether people come by TLS."""
        self._app = app
        self._always = ALWAYS | (
            {"Strict-Transport-Security": STRICT_TRANSPORT} if is_https else {}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _id_of(scope)
        scope["roundtable.request_id"] = request_id

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), request_id)
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _add(self, headers: MutableHeaders, request_id: str) -> None:
        headers[REQUEST_ID] = request_id
        for name, value in self._always.items():
            headers.setdefault(name, value)
        is_page = headers.get("content-type", "").startswith("text/html")
        headers.setdefault("Content-Security-Policy", PAGE_POLICY if is_page else DATA_POLICY)


def _id_of(scope: Scope) -> str:
    """The id that a proxy or client gave the request; one of our own where it gave none."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    text = given.decode("latin-1")
    return text if _PLAUSIBLE_ID.fullmatch(text) else secrets.token_hex(8)
