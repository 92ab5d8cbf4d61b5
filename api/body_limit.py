"""Keeps every body within limits: of its size, declared or not, and of the time that it takes."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import TOO_LARGE, TOO_SLOW, ProblemError, problem_of, problem_response

READ_SECONDS = 30.0


class BodyLimit:
    """Middleware in front of all routes: none reads more than `max_bytes`, nor waits for long."""

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float = READ_SECONDS) -> None:
        """Take the limit in bytes, and how long the whole of a body may take."""
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _declared_size(scope) > self._max_bytes:
            large = ProblemError(TOO_LARGE, f"The body is larger than {self._max_bytes} bytes.")
            # The body is still on its way; on a connection that stays open it would be read.
            headers = {"Connection": "close"}
            await problem_response(problem_of(large), headers)(scope, receive, send)
        else:
            await self._app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        size = 0
        is_whole = False
        deadline = asyncio.get_running_loop().time() + self._seconds

        async def receive_within_limits() -> Message:
            nonlocal size, is_whole
            if is_whole:
                return await receive()  # nothing but the end of the connection, whenever it comes
            message = await _in_time(receive, deadline)
            size += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if size > self._max_bytes:
                raise HTTPException(TOO_LARGE.status)
            return message

        return receive_within_limits


async def _in_time(receive: Receive, deadline: float) -> Message:
    try:
        async with asyncio.timeout_at(deadline):
            return await receive()
    except TimeoutError:
        # The one exception that a framework lets through while it reads a body.
        raise HTTPException(TOO_SLOW.status) from None


def _declared_size(scope: Scope) -> int:
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(declared)  # the server has refused what is no number
