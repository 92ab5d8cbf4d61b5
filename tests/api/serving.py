"""Serves the real API over real HTTP for tests, and reads the log back as any consumer would."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
from fastapi import FastAPI
from kafka import KafkaConsumer, TopicPartition

from api.connections import USUAL, ConnectionLimits
from api.server import Server
from api.settings import Settings
from tests.api.events import page_view

TOKEN = "the-token-of-the-tests"
NOWHERE = "127.0.0.1:1"
"""No broker and no database ever listens here."""


def settings(**changes: object) -> Settings:
    """Settings that reach neither Kafka nor PostgreSQL unless told to."""
    values: dict[str, object] = {
        "kafka": NOWHERE,
        "database": "host=127.0.0.1 port=1 dbname=nowhere",
        "host": "127.0.0.1",
        "port": 0,
        "token": TOKEN,
        "hash_key": b"the-hash-key-of-the-tests",
        "allowed_staff_fields": frozenset(),
        "reporting_currency": "EUR",
        "max_body_bytes": 1024 * 1024,
        "max_batch_events": 1_000,
        "max_in_flight_bytes": 16 * 1024 * 1024,
        "acknowledge_seconds": 10,
        "database_connections": 4,
        **changes,
    }
    return Settings(**values)  # type: ignore[arg-type]


@contextmanager
def serving(app: FastAPI, limits: ConnectionLimits = USUAL) -> Iterator[httpx.Client]:
    """Serve the app from a thread; yields a client that shows the token."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        server = Server(app, host="127.0.0.1", port=port, limits=limits)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        wait_for(lambda: server.started or not thread.is_alive())
        try:
            authorization = {"Authorization": f"Bearer {TOKEN}"}
            with open_client(f"http://127.0.0.1:{port}", headers=authorization) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive(), "the server did not end"


def open_client(url: str | httpx.URL, **more: Any) -> httpx.Client:
    """Open a client of an API without TLS: it reads no certificates, which takes 30 ms."""
    return httpx.Client(base_url=url, timeout=30, trust_env=False, verify=False, **more)


def address_of(client: httpx.Client) -> tuple[str, int]:
    """Where the API that this client talks to listens."""
    assert client.base_url.port is not None
    return client.base_url.host, client.base_url.port


@contextmanager
def holding(client: httpx.Client, *, requests: int, size: int) -> Iterator[None]:
    """Keep requests open that announce a body of this size and send one byte of it."""
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: {size}\r\n\r\n "
    )
    with ExitStack() as connections:
        for _ in range(requests):
            connection = connections.enter_context(socket.create_connection(address_of(client)))
            connection.sendall(head.encode())
        yield


def post_until(client: httpx.Client, holds: Callable[[httpx.Response], bool]) -> httpx.Response:
    """Post an event until the answer is as asked: what others do takes effect a moment later."""
    for _ in range(100):
        answer = client.post("/v1/events", json=page_view("e1"))
        if holds(answer):
            break
    return answer


def wait_for(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait until the condition holds; fail where it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@dataclass(frozen=True)
class Logged:
    """A record as it stands in the log."""

    partition: int
    offset: int
    key: bytes
    value: bytes


def read_log(address: str, topic: str) -> list[Logged]:
    """Read the whole topic, each partition in its order."""
    consumer = KafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest")
    with closing(consumer):
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        left = sum(consumer.end_offsets(partitions).values())
        found: list[Logged] = []
        while len(found) < left:
            for records in consumer.poll(timeout_ms=1_000).values():
                found += [Logged(r.partition, r.offset, r.key, r.value) for r in records]
    return sorted(found, key=lambda record: (record.partition, record.offset))


@contextmanager
def paused(address: str) -> Iterator[None]:
    """Stop the process that listens at this address from doing anything, for a block."""
    port = int(address.rpartition(":")[2])
    (pid,) = {
        found.pid
        for found in psutil.net_connections("tcp")
        if found.status == psutil.CONN_LISTEN and found.laddr.port == port
    }
    process = psutil.Process(pid)
    process.suspend()
    try:
        yield
    finally:
        process.resume()
