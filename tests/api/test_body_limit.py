"""A body that never ends its journey is answered, on every route; an answer may take its time."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from fastapi import FastAPI, Request
from starlette.middleware import Middleware

from api.body_limit import BodyLimit
from api.problem_handlers import add_problem_handlers

SECONDS = 0.2


def app() -> FastAPI:
    """An application that reads bodies by FastAPI and by itself, within a short time."""
    built = FastAPI(middleware=[Middleware(BodyLimit, max_bytes=1_000, seconds=SECONDS)])
    add_problem_handlers(built)

    @built.post("/parsed")
    async def parsed(body: dict[str, int]) -> dict[str, int]:
        return body

    @built.post("/raw")
    async def raw(request: Request) -> int:
        body = await request.body()
        await asyncio.sleep(2 * SECONDS)
        await request.is_disconnected()
        return len(body)

    return built


async def _dripping() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(SECONDS / 10)


def sent(path: str, body: AsyncIterator[bytes] | bytes) -> httpx.Response:
    """Post a body and return the answer."""

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(app())
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.post(
                path, content=body, headers={"Content-Type": "application/json"}
            )

    return asyncio.run(post())


def test_a_body_that_drips_is_answered_by_whichever_route() -> None:
    answers = [sent(path, _dripping()) for path in ("/parsed", "/raw")]

    assert [answer.status_code for answer in answers] == [408, 408]
    for answer in answers:
        assert answer.json()["type"] == "urn:roundtable:problem:body-too-slow"
        assert answer.headers["connection"] == "close"


def test_a_route_may_take_longer_than_a_body() -> None:
    answer = sent("/raw", b"[1]")

    assert (answer.status_code, answer.json()) == (200, 3)
