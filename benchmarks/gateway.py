"""How many events per second the gateway takes, and how long a request waits for its answer.

Runs the real API by one and by two processes against a real broker and PostgreSQL; this process
sends batches that were made beforehand. Beside it, in the same run: the same records through a
`send` for each, by kafka-python and by aiokafka, which read and judge nothing.

    python -m benchmarks.gateway --kafka 127.0.0.1:9092 --database CONNINFO

Exits with 1 where two processes take less than 20,000 events a second in batches of 500.
"""

import argparse
import asyncio
import time
import warnings
from collections.abc import Mapping, Sequence

import msgspec
from aiokafka import AIOKafkaProducer

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka import KafkaAdminClient, KafkaProducer

from benchmarks.gateway_load import Load, Measured, measure, request_of, until_taken
from benchmarks.gateway_server import TOKEN, Gateway, running_gateway
from benchmarks.server_processes import listening_at

PROMISED = 20_000
"""Events per second, in batches of 500, by two processes."""
BATCH = 500
PREPARED = 40
LOADS = {
    1: (Load(batch=BATCH, clients=1, seconds=1), Load(batch=BATCH, clients=8, seconds=1)),
    2: (
        Load(batch=BATCH, clients=8, seconds=2),
        Load(batch=1, clients=1, seconds=0.5),
        Load(batch=1, clients=32, seconds=0.5),
    ),
}
"""By the number of processes; seconds are multiplied."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--seconds", type=float, default=8, help="of an ordinary load")
    args = parser.parse_args()
    topic = _new_topic(args.kafka)
    broker = {"broker": listening_at(args.kafka)}
    rates = []
    for processes, loads in LOADS.items():
        with running_gateway(args.kafka, args.database, topic, processes=processes) as gateway:
            for load in asyncio.run(_measure(gateway, loads, args.seconds, broker)):
                _print(processes, *load)
                if processes > 1 and load[0].batch == BATCH:
                    rates.append(load[1].per_second)
    bodies = [msgspec.json.encode(event(number)) for number in range(20_000)]
    kafka_python = _kafka_python(args.kafka, topic, bodies)
    aiokafka = asyncio.run(_aiokafka(args.kafka, topic, bodies))
    print("kafka-python, a send per event".ljust(40) + f"{kafka_python:>8,.0f} /s")
    print("aiokafka, a send per event".ljust(40) + f"{aiokafka:>8,.0f} /s")
    print(f"gateway by two processes: {rates[0] / kafka_python:.1f} times kafka-python's send")
    if rates[0] < PROMISED:
        raise SystemExit(f"Below {PROMISED:,} events per second.")


def event(number: int) -> dict[str, object]:
    """One of many accounts' page views, about 350 bytes, as tracking sends them.

    Every tenth names its contact alone, whose account PostgreSQL is asked for.
    """
    home = {} if number % 10 == 0 else {"account": f"account-{number % 2_000}.example"}
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "https://web.example/site",
        "type": "engagement.page.viewed",
        "time": "2025-03-01T09:30:00+01:00",
        **home,
        "contact": f"c-{number % 10_000}",
        "campaign": "spring",
        "content": "whitepaper-7",
        "channel": "email",
        "data": {"url": "https://example.com/a/b?x=1", "title": "Guide", "n": number},
    }


def requests_of(batch: int) -> list[bytes]:
    """Requests to be sent round and round: the gateway does not know what it has taken before."""
    return [
        request_of([event(n) for n in range(start, start + batch)], TOKEN)
        for start in range(0, PREPARED * batch, batch)
    ]


async def _measure(
    gateway: Gateway, loads: Sequence[Load], seconds: float, others: Mapping[str, Sequence[int]]
) -> list[tuple[Load, Measured]]:
    await until_taken(gateway.port, request_of([event(0)], TOKEN))
    processes = {"gateway": gateway.pids, **others}
    found = []
    for each in loads:
        load = Load(each.batch, each.clients, each.seconds * seconds)
        requests = requests_of(load.batch)
        found.append((load, await measure(gateway.port, load, requests, processes)))
    return found


def _print(processes: int, load: Load, measured: Measured) -> None:
    cpu = ", ".join(
        f"{role} {measured.cpu_per_thousand(role):.0f}" for role in measured.cpu_seconds
    )
    print(
        f"{processes} processes, batches of {load.batch:>3}, {load.clients:>2} clients "
        f"{measured.per_second:>8,.0f} /s   p50 {measured.latency(50):>5.1f} ms, "
        f"p99 {measured.latency(99):>6.1f} ms   CPU ms per 1,000 events: {cpu}"
    )


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


if __name__ == "__main__":
    main()
