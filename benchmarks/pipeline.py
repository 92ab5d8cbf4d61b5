"""Events a second from the topic `events` to durable, exact moments, by one worker.

Runs against a running stack, whose address it reads from the environment:

    eval "$(roundtable env)"; ROUNDTABLE_KAFKA=... ROUNDTABLE_DATABASE=... \\
        python -m benchmarks.pipeline
"""

import argparse
import asyncio
import os
import time
from datetime import UTC, datetime

import numpy as np
import psycopg
from aiokafka import AIOKafkaProducer

from cli.company.typical import typical_events
from cli.registering import register
from schemas.codec import decode_logged
from schemas.partitioning import partition_key

VARIANTS = ("control", "treatment")
EXPERIMENTS = (("bench-a", VARIANTS), ("bench-b", VARIANTS))
START = datetime(2026, 1, 5, tzinfo=UTC)
WAIT_SECONDS = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--accounts", type=int, default=20_000)
    arguments = parser.parse_args()
    _register()
    asyncio.run(_measure(arguments.events, arguments.accounts))


def _register() -> None:
    metric = {
        "key": "bench-opened",
        "name": "Opened",
        "meaning": "A mail was opened",
        "owner": "marketing",
        "kind": "count",
        "measure": {"filter": {"types": ["engagement.*"]}},
        "window": "P30D",
    }
    experiments = [
        {
            "key": key,
            "name": key,
            "hypothesis": "The worker keeps up",
            "owner": "marketing",
            "variants": [{"key": "control", "control": True}, {"key": "treatment"}],
            "metrics": [{"metric": "bench-opened", "covariate": "P30D"}],
            "starts_at": "2025-01-01T00:00:00Z",
            "planned_units": 20_000,
        }
        for key, _ in EXPERIMENTS
    ]
    url, token = os.environ["ROUNDTABLE_URL"], os.environ["ROUNDTABLE_TOKEN"]
    register(url, token, [metric], experiments)


async def _measure(count: int, accounts: int) -> None:
    events = list(
        typical_events(
            np.random.default_rng(3),
            accounts=accounts,
            count=count,
            start_us=int(START.timestamp()) * 1_000_000,
            experiments=EXPERIMENTS,
            first_id=time.time_ns() // 1000,
        )
    )
    already = _applied()
    started = time.perf_counter()
    await _send(events)
    sent = time.perf_counter() - started
    while _applied() < already + len(events):
        if time.perf_counter() - started > WAIT_SECONDS:
            raise SystemExit("the worker did not keep up")
        await asyncio.sleep(0.05)
    done = time.perf_counter() - started
    print(f"{len(events):,} events of {accounts:,} accounts, 2 experiments that touch them")
    print(f"written to the topic   {len(events) / sent:12,.0f} events/s")
    print(f"durable, exact moments {len(events) / done:12,.0f} events/s, from the first write on")


async def _send(events: list[bytes]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=os.environ["ROUNDTABLE_KAFKA"], acks="all", linger_ms=5
    )
    await producer.start()
    try:
        sent = [
            await producer.send("events", value=event, key=partition_key(decode_logged(event)))
            for event in events
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


def _applied() -> int:
    with psycopg.connect(os.environ["ROUNDTABLE_DATABASE"]) as connection:
        row = connection.execute(
            "SELECT coalesce(sum(accepted + duplicates + refused), 0) FROM partition_offsets"
        ).fetchone()
    assert row is not None
    return int(row[0])


if __name__ == "__main__":
    main()
