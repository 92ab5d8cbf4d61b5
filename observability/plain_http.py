"""Answers a few fixed `GET`s over HTTP: health and metrics, for machines that watch.

That does not ask for a web framework: one request a connection, nothing is read of it but its first
line, and whoever asks too slowly or too much gets nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

REQUEST_SECONDS = 5.0
MOST_REQUEST_BYTES = 8_192


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body."""

    status: HTTPStatus
    body: bytes
    content_type: str = "application/json"


Routes = Mapping[str, Callable[[], Awaitable[Answer]]]
"""What answers each path."""


def json_answer(status: HTTPStatus, content: Mapping[str, object]) -> Answer:
    """Answer with JSON."""
    return Answer(status, msgspec.json.encode(content))


@asynccontextmanager
async def plain_server(host: str, port: int, routes: Routes) -> AsyncIterator[int]:
    """Serve for the length of a block; yields the port, which may have been asked for as 0."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
            writer.write(_response(await _answer(request, routes)))
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            return  # Whoever asks too slowly, too much or not at all gets nothing.
        finally:
            writer.close()

    server = await asyncio.start_server(answer, host, port, limit=MOST_REQUEST_BYTES)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _answer(request: bytes, routes: Routes) -> Answer:
    method, _, rest = request.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")
    if path not in routes:
        return json_answer(HTTPStatus.NOT_FOUND, {"status": "not found"})
    if method != b"GET":
        return json_answer(HTTPStatus.METHOD_NOT_ALLOWED, {"status": "only GET is answered"})
    return await routes[path]()


def _response(answer: Answer) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n"
        f"Content-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + answer.body
