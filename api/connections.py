"""Holds connections within limits: how many, how long a head takes and is, who stops reading.

What a request may cost before any route sees it is bounded here; the answer is a problem, as
everywhere.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.problems import NOT_READY, ProblemError, problem_of, problem_of_status, problem_response
from api.problems import retry_after as retry_after_header
from schemas.problems import PROBLEM_MEDIA_TYPE

RETRY_SECONDS = 2
HEALTH = frozenset({"/healthz", "/readyz"})
"""Answered however many connections there are: a crowd is no reason to be started anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What connections may take, of one process.

    `connections` are served and as many again are told to come back; those beyond are closed.
    """

    connections: int = 400
    head_seconds: float = 10.0
    head_bytes: int = 64 * 1024
    stuck_seconds: float = 60.0


USUAL = ConnectionLimits()


class LimitedConnection(HttpToolsProtocol):
    """One connection, within limits."""

    def __init__(self, *arguments: Any, limits: ConnectionLimits, **named: Any) -> None:
        """Take the limits, and what uvicorn gives a connection."""
        super().__init__(*arguments, **named)
        self._limits = limits
        self._head_bytes = 0
        self._is_head_open = True
        self._head_timer: asyncio.TimerHandle | None = None
        self._stuck_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        others = len(self.connections) - 1
        if others >= 2 * self._limits.connections:
            transport.abort()
        elif others >= self._limits.connections:
            self.app = _crowded(self.app, self._limits.connections)
        self._head_timer = self._later(self._limits.head_seconds, self._on_slow_head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting_for_head()
        self._stop_waiting_for_reader()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head has become too long."""
        super().data_received(data)
        if self.transport.is_closing() or not (self._is_head_open or self._is_idle()):
            return
        self._head_bytes += len(data)
        if self._head_bytes > self._limits.head_bytes:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._head_timer is None:
            self._head_timer = self._later(self._limits.head_seconds, self._on_slow_head)

    def on_message_begin(self) -> None:
        """Count the head from here."""
        super().on_message_begin()
        self._is_head_open, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """Let the head be, and the request begin."""
        self._is_head_open = False
        self._stop_waiting_for_head()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Wait for whoever does not read what they asked for, for a while."""
        super().pause_writing()
        self._stop_waiting_for_reader()
        # Closing would wait until everything is read, which is never.
        self._stuck_timer = self._later(self._limits.stuck_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: they read."""
        self._stop_waiting_for_reader()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as everything else that is wrong."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _on_slow_head(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus, detail: str = "") -> None:
        body = msgspec.json.encode(problem_of_status(status, detail))
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {PROBLEM_MEDIA_TYPE}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _later(self, seconds: float, act: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, act)

    def _stop_waiting_for_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_waiting_for_reader(self) -> None:
        if self._stuck_timer is not None:
            self._stuck_timer.cancel()
            self._stuck_timer = None


def _crowded(app: ASGIApp, most: int) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in HEALTH:
            await app(scope, receive, send)
            return
        many = ProblemError(NOT_READY, f"More than {most} connections are open.")
        headers = retry_after_header(RETRY_SECONDS) | {"Connection": "close"}
        await problem_response(problem_of(many), headers)(scope, receive, send)

    return answer
