"""How many events per second the gateway takes, and how long a request waits for its answer.

Runs the real API in a process of its own against a real broker; this process sends batches. Beside
it: the same records through a `send` for each, by kafka-python and by aiokafka.

    python -m benchmarks.gateway --kafka 127.0.0.1:9092 [--database CONNINFO]
"""

import argparse
import asyncio
import multiprocessing
import socket
import statistics
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import psutil
from aiokafka import AIOKafkaProducer

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka import KafkaAdminClient, KafkaProducer

from api.app import build_app
from api.server import Server
from api.settings import Settings

TOKEN = "benchmark-token-0001"
ENOUGH = 10_000
"""Events per second that the gateway has to take through batches of 500 on one core."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: `events` in all, in requests of `batch`, by so many clients at a time."""

    events: int
    batch: int
    clients: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it."""

    per_second: float
    latencies: Sequence[float]
    cpu_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--database", default="host=127.0.0.1 port=1 connect_timeout=1")
    parser.add_argument("--events", type=int, default=50_000)
    args = parser.parse_args()
    topic = _new_topic(args.kafka)
    port = _free_port()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(args.kafka, args.database, topic, port), daemon=True
    )
    server.start()
    try:
        asyncio.run(_measure_all(port, server.pid or 0, args.events))
    finally:
        server.terminate()
        server.join()
    bodies = [msgspec.json.encode(event(number)) for number in range(args.events)]
    for name, rate in (
        ("kafka-python", _kafka_python(args.kafka, topic, bodies)),
        ("aiokafka", asyncio.run(_aiokafka(args.kafka, topic, bodies))),
    ):
        print(f"{name}, a send per event".ljust(36) + f"{rate:>9,.0f} /s")


def serve(kafka: str, database: str, topic: str, port: int) -> None:
    environ = {
        "ROUNDTABLE_KAFKA": kafka,
        "ROUNDTABLE_DATABASE": database,
        "ROUNDTABLE_TOKEN": TOKEN,
        "ROUNDTABLE_HASH_KEY": TOKEN,
    }
    app = build_app(Settings.from_env(environ), events_topic=topic)
    Server(app, host="127.0.0.1", port=port).run()


def event(number: int) -> dict[str, object]:
    """One of many accounts' page views, about 350 bytes, as tracking sends them."""
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "https://web.example/site",
        "type": "engagement.page.viewed",
        "time": "2025-03-01T09:30:00+01:00",
        "account": f"account-{number % 2_000}.example",
        "contact": f"c-{number % 10_000}",
        "campaign": "spring",
        "content": "whitepaper-7",
        "channel": "email",
        "data": {"url": "https://example.com/a/b?x=1", "title": "Guide", "n": number},
    }


async def _measure_all(port: int, pid: int, events: int) -> None:
    await _wait_until_ready(port)
    await measure(port, Load(events=5_000, batch=500, clients=4), pid)
    for load in (
        Load(events=events, batch=500, clients=1),
        Load(events=events, batch=500, clients=4),
        Load(events=events // 50, batch=1, clients=1),
        Load(events=events // 10, batch=1, clients=32),
    ):
        _print(load, await measure(port, load, pid))


async def measure(port: int, load: Load, pid: int) -> Measured:
    requests = iter(
        [
            request_of([event(n) for n in range(start, start + load.batch)])
            for start in range(0, load.events, load.batch)
        ]
    )
    latencies: list[float] = []

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in requests:
            began = time.perf_counter()
            assert await exchange(reader, writer, request) == 202
            latencies.append(time.perf_counter() - began)
        writer.close()

    process = psutil.Process(pid)
    cpu = sum(process.cpu_times()[:2])
    began = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(load.clients)))
    seconds = time.perf_counter() - began
    return Measured(load.events / seconds, latencies, sum(process.cpu_times()[:2]) - cpu)


def request_of(events: Sequence[object]) -> bytes:
    """The whole request: an HTTP library would take more of the machine than the gateway does."""
    body = msgspec.json.encode(events)
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> int:
    """Send a request, read the answer to its end and return its status."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head[9:12])


def _print(load: Load, measured: Measured) -> None:
    quantiles = statistics.quantiles(measured.latencies, n=100, method="inclusive")
    per_cpu = load.events / measured.cpu_seconds
    print(
        f"gateway, batches of {load.batch:>3}, {load.clients:>2} clients "
        f"{measured.per_second:>9,.0f} /s   {per_cpu:>9,.0f} per CPU second   "
        f"latency p50 {quantiles[49] * 1e3:.1f} ms, p99 {quantiles[98] * 1e3:.1f} ms"
    )
    if load.batch == 500 and load.clients > 1 and per_cpu < ENOUGH:
        raise SystemExit(f"Below {ENOUGH} events per second of one core.")


async def _wait_until_ready(port: int) -> None:
    request = request_of([event(0)])
    for _ in range(300):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            status = await exchange(reader, writer, request)
            writer.close()
            if status == 202:
                return
        except ConnectionError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("The API did not take an event within 30 seconds.")


def _kafka_python(kafka: str, topic: str, bodies: Sequence[bytes]) -> float:
    producer = KafkaProducer(bootstrap_servers=kafka, acks="all")
    began = time.perf_counter()
    for number, body in enumerate(bodies):
        producer.send(topic, body, key=b"account-%d.example" % (number % 2_000))
    producer.flush()
    seconds = time.perf_counter() - began
    producer.close()
    return len(bodies) / seconds


async def _aiokafka(kafka: str, topic: str, bodies: Sequence[bytes]) -> float:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    async with producer:
        began = time.perf_counter()
        for number, body in enumerate(bodies):
            await producer.send(topic, body, key=b"account-%d.example" % (number % 2_000))
        await producer.flush()
        return len(bodies) / (time.perf_counter() - began)


def _new_topic(kafka: str) -> str:
    name = f"benchmark-gateway-{time.time_ns()}"
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    options = {"num_partitions": 4, "replication_factor": 1, "configs": {}}
    admin.create_topics({name: options}, wait_for_metadata=True)
    admin.close()
    return name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
