"""Reads a body whole, counted as in flight; `BodyLimit` holds it within limits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from api import problems
from api.in_flight import FullError, InFlight
from api.problems import ProblemError, retry_after

RETRY_SECONDS = 1


@asynccontextmanager
async def body_in_flight(
    request: Request, in_flight: InFlight, max_bytes: int
) -> AsyncIterator[bytes]:
    """Hold the body for the length of a block. Raises ProblemError: 415 or 429."""
    _refuse_encoding(request)
    # A chunked body may become as large as is allowed.
    size = int(request.headers.get("content-length", max_bytes))
    try:
        with in_flight.request(size):
            yield await request.body()
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


def _and_close(headers: dict[str, str]) -> dict[str, str]:
    # The rest of the body is still on its way; on a connection that stays open it would be read.
    return {**headers, "Connection": "close"}
