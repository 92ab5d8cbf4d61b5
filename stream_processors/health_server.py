"""Answers `GET /healthz` and `GET /readyz` of a worker, for whoever starts and watches it.

Two fixed answers do not ask for a web framework: one request a connection, nothing is read of it
but its first line.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

import msgspec

from stream_processors.health import Readiness

REQUEST_SECONDS = 5.0
MOST_REQUEST_BYTES = 8_192

AskReadiness = Callable[[], Awaitable[Readiness]]


@asynccontextmanager
async def health_server(host: str, port: int, ask: AskReadiness) -> AsyncIterator[int]:
    """Serve for the length of a block; yields the port, which may have been asked for as 0."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
            writer.write(await _answer(request, ask))
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            return  # Whoever asks too slowly, too much or not at all gets nothing.
        finally:
            writer.close()

    server = await asyncio.start_server(answer, host, port, limit=MOST_REQUEST_BYTES)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _answer(request: bytes, ask: AskReadiness) -> bytes:
    method, _, rest = request.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if path not in {b"/healthz", b"/readyz"}:
        return _response(HTTPStatus.NOT_FOUND, {"status": "not found"})
    if method != b"GET":
        return _response(HTTPStatus.METHOD_NOT_ALLOWED, {"status": "only GET is answered"})
    if path == b"/healthz":
        return _response(HTTPStatus.OK, {"status": "alive"})
    readiness = await ask()
    if readiness.is_ready:
        return _response(HTTPStatus.OK, {"status": "ready", "lag": readiness.lag})
    found = {"status": "not ready", "trouble": readiness.trouble, "lag": readiness.lag}
    return _response(HTTPStatus.SERVICE_UNAVAILABLE, found)


def _response(status: HTTPStatus, content: Mapping[str, object]) -> bytes:
    body = msgspec.json.encode(content)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
