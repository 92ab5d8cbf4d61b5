"""Connections that cost before any route sees them: many, slow, endless, or never read."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any

import httpx
import pytest
from starlette.responses import StreamingResponse

from api.app import build_app
from api.connections import ConnectionLimits
from tests.api.serving import TOKEN, address_of, open_client, serving, settings, wait_for

LIMITS = ConnectionLimits(connections=8, head_seconds=0.3, head_bytes=2_000, stuck_seconds=0.3)
HEAD = f"GET /v1/endless HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """An API that reaches nothing, with a route whose answer never ends."""
    app = build_app(settings())

    @app.get("/v1/endless")
    async def endless() -> StreamingResponse:
        async def parts() -> Any:
            while True:
                yield b"x" * 65_536
                await asyncio.sleep(0)

        return StreamingResponse(parts())

    with serving(app, LIMITS) as served:
        yield served


def connected(client: httpx.Client) -> socket.socket:
    return socket.create_connection(address_of(client), timeout=10)


def all_of(connection: socket.socket) -> bytes:
    """Everything that comes until the other side closes."""
    found = b""
    while part := connection.recv(65_536):
        found += part
    return found


def is_longer(connection: socket.socket, *, than: int) -> bool:
    """Tell whether more comes than can have been under way."""
    read = 0
    while read <= than and (part := connection.recv(65_536)):
        read += len(part)
    return read > than


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"\r\n"],
    ids=["no", "half", "crlf"],
)
def test_a_head_that_does_not_come_in_time_is_answered_and_the_connection_closed(
    client: httpx.Client, sent: bytes
) -> None:
    with closing(connected(client)) as connection:
        connection.sendall(sent)

        answer = all_of(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


def test_a_second_request_has_its_own_time_on_a_connection_that_stays_open(
    client: httpx.Client,
) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with closing(connected(client)) as connection:
        connection.sendall(whole)
        first = connection.recv(65_536)
        time.sleep(0.4)
        connection.sendall(whole)
        second = connection.recv(65_536)
        connection.sendall(whole[:10])

        last = all_of(connection)

    assert [found[:12] for found in (first, second, last)] == [
        b"HTTP/1.1 200",
        b"HTTP/1.1 200",
        b"HTTP/1.1 408",
    ]


def test_a_head_without_end_is_refused(client: httpx.Client) -> None:
    with closing(connected(client)) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 3_000)

        answer = all_of(connection)

    assert answer.startswith(b"HTTP/1.1 431 ")


def test_what_is_no_http_is_a_problem(client: httpx.Client) -> None:
    with closing(connected(client)) as connection:
        connection.sendall(b"nonsense\r\n\r\n")

        answer = all_of(connection)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


def test_whoever_never_reads_an_answer_loses_the_connection(client: httpx.Client) -> None:
    with closing(connected(client)) as connection:
        connection.sendall(HEAD)
        time.sleep(1)

        with suppress(ConnectionResetError):
            assert not is_longer(connection, than=50_000_000)


def test_beyond_the_most_connections_each_is_told_to_come_back_and_health_is_answered(
    client: httpx.Client,
) -> None:
    with ExitStack() as held:
        for _ in range(LIMITS.connections):
            connection = held.enter_context(closing(connected(client)))
            connection.sendall(HEAD)
            connection.recv(100)
        with open_client(client.base_url, headers=client.headers) as another:
            refused = another.get("/v1/metrics")
        with open_client(client.base_url) as another:
            healthy = another.get("/healthz")

    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) > 0
    assert healthy.status_code == 200
    wait_for(lambda: client.get("/v1/nothing").status_code == 404)


def test_far_beyond_the_most_connections_the_next_one_is_closed(client: httpx.Client) -> None:
    with ExitStack() as held:
        for _ in range(3 * LIMITS.connections):
            connection = held.enter_context(closing(connected(client)))

        with suppress(ConnectionResetError):
            assert connection.recv(100) == b""
