"""Answers `GET /healthz`, `/readyz` and `/metrics` of a worker, for whoever watches over it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from observability.exposition import PATH
from observability.plain_http import Answer, json_answer, plain_server
from stream_processors.health import Readiness

AskReadiness = Callable[[], Awaitable[Readiness]]
AskMetrics = Callable[[], Awaitable[Answer]]


@asynccontextmanager
async def health_server(
    host: str, port: int, ask: AskReadiness, metrics: AskMetrics | None = None
) -> AsyncIterator[int]:
    """Serve for the length of a block; yields the port, which may have been asked for as 0."""

    async def ready() -> Answer:
        return _answer_of(await ask())

    routes: dict[str, Callable[[], Awaitable[Answer]]] = {"/healthz": _alive, "/readyz": ready}
    if metrics is not None:
        routes[PATH] = metrics
    async with plain_server(host, port, routes) as bound:
        yield bound


async def _alive() -> Answer:
    return json_answer(HTTPStatus.OK, {"status": "alive"})


def _answer_of(readiness: Readiness) -> Answer:
    if readiness.is_ready:
        return json_answer(HTTPStatus.OK, {"status": "ready", "lag": readiness.lag})
    found = {"status": "not ready", "trouble": readiness.trouble, "lag": readiness.lag}
    return json_answer(HTTPStatus.SERVICE_UNAVAILABLE, found)
