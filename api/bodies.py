"""Reads a body whole, counted as in flight, within its limits of size and time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from api import problems
from api.in_flight import FullError, InFlight
from api.problems import ProblemError, retry_after

READ_SECONDS = 30
RETRY_SECONDS = 1


@asynccontextmanager
async def body_in_flight(
    request: Request, in_flight: InFlight, max_bytes: int
) -> AsyncIterator[bytes]:
    """Hold the body for the length of a block. Raises ProblemError: 408, 413, 415 or 429."""
    _refuse_encoding(request)
    size = _declared_size(request, max_bytes)
    try:
        with in_flight.request(size):
            yield await _read(request, max_bytes)
    except FullError:
        raise ProblemError(
            problems.TOO_MUCH_IN_FLIGHT,
            f"More than {in_flight.limit} bytes wait for Kafka's acknowledgement.",
            headers=_and_close(retry_after(RETRY_SECONDS)),
        ) from None


def _refuse_encoding(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise ProblemError(
            problems.WRONG_MEDIA_TYPE,
            "Send the body as it is, without a Content-Encoding.",
            headers=_and_close({"Accept-Encoding": "identity"}),
        )


def _declared_size(request: Request, max_bytes: int) -> int:
    declared = request.headers.get("content-length")
    if declared is None:
        return max_bytes  # chunked: it may become as large as allowed
    if not declared.isdecimal() or int(declared) > max_bytes:
        raise _too_large(max_bytes)
    return int(declared)


async def _read(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise _too_large(max_bytes)
    except TimeoutError:
        raise ProblemError(
            problems.TOO_SLOW,
            f"The body took longer than {READ_SECONDS} seconds.",
            headers=_and_close({}),
        ) from None
    return bytes(body)


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError(
        problems.TOO_LARGE,
        f"The body is larger than {max_bytes} bytes. Send the events in smaller batches.",
        headers=_and_close({}),
    )


def _and_close(headers: dict[str, str]) -> dict[str, str]:
    # The rest of the body is still on its way; on a connection that stays open it would be read.
    return {**headers, "Connection": "close"}
