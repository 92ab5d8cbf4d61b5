"""How long it takes from an event posted by HTTP to the reading that it changed, as it is watched.

Runs against a running stack, beside a steady load of other events:

    python -m benchmarks.live_reading --url "$ROUNDTABLE_URL" --rate 500

Exits with 1 where the median is a second or more, or the 99th percentile two.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import msgspec

MEDIAN_SECONDS = 1.0
SLOWEST_SECONDS = 2.0
LOAD_PER_SECOND = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("ROUNDTABLE_URL"))
    parser.add_argument("--token", default=os.environ.get("ROUNDTABLE_TOKEN"))
    parser.add_argument("--rate", type=int, default=500, help="other events a second")
    parser.add_argument("--events", type=int, default=100, help="events that are timed")
    arguments = parser.parse_args()
    asyncio.run(_measure(arguments))


async def _measure(arguments: argparse.Namespace) -> None:
    headers = {"Authorization": f"Bearer {arguments.token}"}
    async with httpx.AsyncClient(
        base_url=arguments.url, headers=headers, timeout=30, trust_env=False
    ) as client:
        key = await _start_experiment(client)
        load = asyncio.create_task(_send_load(client, key, arguments.rate))
        latencies = await _time_events(client, key, arguments.events)
        load.cancel()
    _print(arguments.rate, latencies)


async def _start_experiment(client: httpx.AsyncClient) -> str:
    key = f"bench-{time.time_ns()}"
    metric = {
        "key": key,
        "name": key,
        "meaning": "Page views of the benchmark",
        "owner": "marketing",
        "kind": "count",
        "measure": {"filter": {"types": ["engagement.page.viewed"]}},
        "window": "P14D",
    }
    experiment = {
        "key": key,
        "name": key,
        "hypothesis": "A reading follows its event within a second",
        "owner": "marketing",
        "variants": [{"key": "a", "control": True}, {"key": "b"}],
        "metrics": [{"metric": key}],
        "starts_at": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
        "planned_units": 1_000,
    }
    (await client.post("/v1/metrics", json=metric)).raise_for_status()
    (await client.post("/v1/experiments", json=experiment)).raise_for_status()
    (await client.post(f"/v1/experiments/{key}/start")).raise_for_status()
    return key


async def _send_load(client: httpx.AsyncClient, key: str, rate: int) -> None:
    """Page views of accounts that are exposed too, so that the load changes readings as well."""
    number = 0
    while rate:
        began = time.monotonic()
        batch = []
        for _ in range(rate // LOAD_PER_SECOND):
            number += 1
            batch.append(_event(key, f"load-{number}", f"load-{number % 500}.example"))
        (await client.post("/v1/events", content=msgspec.json.encode(batch), headers=_BATCH))
        await asyncio.sleep(max(0.0, 1 / LOAD_PER_SECOND - (time.monotonic() - began)))


async def _time_events(client: httpx.AsyncClient, key: str, count: int) -> list[float]:
    """Expose one account after the other; each has to show in a reading."""
    latencies: list[float] = []
    async with client.stream("GET", f"/v1/experiments/{key}/stream") as answer:
        readings = _exposed_units(answer)
        while await anext(readings) is None:
            pass
        for number in range(count):
            exposure = _event(key, f"exposure-{number}", f"timed-{number}.example", "a")
            began = time.monotonic()
            post = asyncio.create_task(client.post("/v1/events", json=exposure))
            while (await anext(readings) or 0) <= number:
                pass
            latencies.append(time.monotonic() - began)
            (await post).raise_for_status()
    return latencies


async def _exposed_units(answer: httpx.Response) -> AsyncIterator[int | None]:
    """The exposed units of each reading once the stored history is counted, None before."""
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            reading = json.loads(line.removeprefix("data: "))
            is_complete = reading["backfill"]["complete"]
            yield reading["intake"]["exposed_units"] if is_complete else None


_BATCH = {"Content-Type": "application/cloudevents-batch+json"}


def _event(key: str, event_id: str, account: str, variant: str | None = None) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": key,
        "type": "engagement.page.viewed" if variant is None else "experiment.exposure",
        "time": datetime.now(UTC).isoformat(),
        "account": f"{key}-{account}",
        "data": {} if variant is None else {"experiment": key, "variant": variant},
    }


def _print(rate: int, latencies: list[float]) -> None:
    quantiles = statistics.quantiles(latencies, n=100, method="inclusive")
    median, slowest = quantiles[49], quantiles[98]
    print(
        f"event to reading at {rate} events/s   p50 {median * 1e3:,.0f} ms   "
        f"p99 {slowest * 1e3:,.0f} ms   (of {len(latencies)})"
    )
    if median >= MEDIAN_SECONDS or slowest >= SLOWEST_SECONDS:
        raise SystemExit("Slower than promised: a second for the median, two for the 99th percent.")


if __name__ == "__main__":
    main()
