"""Measures the batch transport against a stock Faust agent: events a second, and latency.

    python -m benchmarks.transport --kafka 127.0.0.1:9092

Both read the same filled topic and do nothing but decode its JSON, so the difference is what the
transport costs. Latency is the time from an event's creation to its arrival in the handler.
"""

import argparse
import asyncio
import logging
import math
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import faust
import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faust.types import TP
from rich.console import Console
from rich.table import Table

from stream_processors.app import Subscription, build_app
from stream_processors.batches import Batch
from stream_processors.settings import KafkaSettings
from stream_processors.worker import run

EVENT = (
    b'{"specversion":"1.0","id":"%020d","source":"crm.example/%d","type":"engagement.page.viewed",'
    b'"time":"2025-03-01T10:00:00.000000Z","account":"account-%06d.example","contact":"c-%08d",'
    b'"campaign":"spring","content":"whitepaper","channel":"web","data":{"seconds":%d}}'
)


class Event(msgspec.Struct, gc=False):
    """The fields that the handler decodes."""

    id: str
    source: str
    type: str
    time: str
    account: str
    contact: str
    campaign: str
    data: msgspec.Raw


@dataclass(frozen=True)
class Run:
    """One measured way through the log."""

    path: str
    events: int
    seconds: float
    processor_seconds: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def cost(self) -> float:
        """Processor time of an event in microseconds, which other load hardly changes."""
        return 1_000_000 * self.processor_seconds / self.events


async def main() -> None:
    """Fill a topic, measure each path and print two tables."""
    arguments = _arguments()
    logging.basicConfig(level=logging.ERROR)
    topic = f"benchmark-{uuid.uuid4().hex[:8]}"
    async with _topic(arguments.kafka, topic, arguments.partitions):
        await _fill(arguments.kafka, topic, arguments.partitions, arguments.events)
        runs = [await _batches(arguments.kafka, topic, arguments.events)]
        runs += [await _stock(arguments.kafka, topic, min(arguments.stock, arguments.events))]
    rates = []
    for rate in arguments.rates:
        async with _topic(arguments.kafka, topic, arguments.partitions):
            rates.append((rate, await _latencies(arguments.kafka, topic, rate)))
    _print(runs, rates)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kafka", required=True, help="host:port of a broker")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--stock", type=int, default=50_000, help="events for the stock agent")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rates", type=int, nargs="*", default=[100, 500, 5000])
    return parser.parse_args()


class _topic:  # noqa: N801
    """A topic that exists while the block runs."""

    def __init__(self, kafka: str, name: str, partitions: int) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        self._topic = NewTopic(name, partitions, 1)

    async def __aenter__(self) -> None:
        await self._admin.start()
        await self._admin.create_topics([self._topic])
        await asyncio.sleep(0.5)

    async def __aexit__(self, *_: object) -> None:
        await self._admin.delete_topics([self._topic.name])
        await asyncio.sleep(0.5)
        await self._admin.close()


def _event(number: int) -> bytes:
    return EVENT % (number, number % 7, number % 20_000, number % 80_000, number % 600)


async def _fill(kafka: str, topic: str, partitions: int, events: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, max_batch_size=1_000_000, linger_ms=5)
    async with producer:
        builder, partition = producer.create_batch(), 0
        for number in range(events):
            value = _event(number)
            if builder.append(key=None, value=value, timestamp=None) is None:
                await producer.send_batch(builder, topic, partition=partition)
                builder, partition = producer.create_batch(), (partition + 1) % partitions
                builder.append(key=None, value=value, timestamp=None)
        await producer.send_batch(builder, topic, partition=partition)
        await producer.flush()


async def _start_at_the_beginning(partitions: set[TP]) -> dict[TP, int | None]:
    return dict.fromkeys(partitions)


async def _run_with(
    kafka: str, topic: str, handle: Callable[[Batch], Awaitable[None]], stop: asyncio.Event
) -> None:
    settings = KafkaSettings(bootstrap=kafka, group=f"{topic}-{uuid.uuid4().hex[:8]}")
    await run(build_app(settings, [Subscription(topic, handle)], _start_at_the_beginning), stop)


async def _batches(kafka: str, topic: str, events: int) -> Run:
    decode = msgspec.json.Decoder(Event).decode
    clock, stop = _Clock(events), asyncio.Event()

    async def handle(batch: Batch) -> None:
        for record in batch.records:
            decode(record.value)
        if clock.count(len(batch.records)):
            stop.set()

    await _run_with(kafka, topic, handle, stop)
    return clock.run("batch transport")


async def _stock(kafka: str, topic: str, events: int) -> Run:
    decode = msgspec.json.Decoder(Event).decode
    clock, stop = _Clock(events), asyncio.Event()
    app = faust.App(
        f"{topic}-stock",
        broker=f"kafka://{kafka}",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        value_serializer="raw",
        datadir="/tmp/roundtable-benchmark",
    )

    async def agent(stream: faust.StreamT) -> None:
        async for value in stream:
            decode(value)
            if clock.count(1):
                stop.set()

    app.agent(app.topic(topic, value_serializer="raw"), name="stock")(agent)
    starting = asyncio.create_task(app.start())
    await stop.wait()
    await app.stop()
    starting.cancel()
    return clock.run("stock agent, one event at a time")


class _Clock:
    """Runs from the first event to the last one that is waited for."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._counted = 0
        self._begin = self._end = (math.nan, math.nan)

    def count(self, events: int) -> bool:
        now = (time.perf_counter(), time.process_time())
        if not self._counted:
            self._begin = now
        self._counted += events
        self._end = now
        return self._counted >= self._expected

    def run(self, path: str) -> Run:
        seconds, processor_seconds = (
            end - begin for begin, end in zip(self._begin, self._end, strict=True)
        )
        return Run(path, self._counted, seconds, processor_seconds)


async def _latencies(kafka: str, topic: str, rate: int, seconds: float = 8.0) -> list[float]:
    latencies: list[float] = []
    ready, stop = asyncio.Event(), asyncio.Event()

    async def handle(batch: Batch) -> None:
        ready.set()
        now = time.perf_counter()
        latencies.extend(now - float(record.value or b"nan") for record in batch.records)

    consuming = asyncio.create_task(_run_with(kafka, topic, handle, stop))
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        await _warm_up(producer, topic, ready)
        latencies.clear()
        await _send_at(producer, topic, rate, seconds)
    await asyncio.sleep(1.0)
    stop.set()
    await consuming
    return latencies


async def _warm_up(producer: AIOKafkaProducer, topic: str, ready: asyncio.Event) -> None:
    while not ready.is_set():
        await producer.send_and_wait(topic, b"%r" % time.perf_counter())
        await asyncio.sleep(0.1)
    await asyncio.sleep(1.0)


async def _send_at(producer: AIOKafkaProducer, topic: str, rate: int, seconds: float) -> None:
    begin, sent = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - begin) < seconds:
        while sent < elapsed * rate:
            await producer.send(topic, b"%r" % time.perf_counter())
            sent += 1
        await asyncio.sleep(0.001)
    await producer.flush()


def _print(runs: Sequence[Run], rates: Sequence[tuple[int, list[float]]]) -> None:
    console = Console()
    title = "Through the transport, JSON decoded"
    table = Table("path", "events", "events/s", "µs of processor/event", title=title)
    for measured in runs:
        figures = (f"{measured.events:,}", f"{measured.rate:,.0f}", f"{measured.cost:.1f}")
        table.add_row(measured.path, *figures)
    console.print(table)
    table = Table("rate", "events", "median", "99 %", "worst", title="From creation to handler, ms")
    for rate, latencies in rates:
        cuts = statistics.quantiles(latencies, n=100)
        figures = (statistics.median(latencies), cuts[98], max(latencies))
        table.add_row(f"{rate}/s", f"{len(latencies):,}", *(f"{1000 * f:.1f}" for f in figures))
    console.print(table)


if __name__ == "__main__":
    asyncio.run(main())
