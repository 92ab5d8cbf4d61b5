"""Keeps every body within one limit, whether its size is declared or it just keeps coming."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import TOO_LARGE, ProblemError, problem_of, problem_response


class BodyLimit:
    """Middleware in front of all routes: none reads more than `max_bytes`."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        """Take the limit in bytes."""
        self._app = app
        self._max_bytes = max_bytes

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
            await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        size = 0

        async def receive_within_limit() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._max_bytes:
                # The one exception that a framework lets through while it reads a body.
                raise HTTPException(TOO_LARGE.status)
            return message

        return receive_within_limit


def _declared_size(scope: Scope) -> int:
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(declared)  # the server has refused what is no number
