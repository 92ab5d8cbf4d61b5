"""The API's metrics and traces: what came in, what became of it, the way from request to commit."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from uuid import UUID

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from api.api_metrics import ApiMetrics
from api.app import build_app
from api.metrics_server import metrics_server
from api.settings import SettingError
from observability.exposition import new_registry
from observability.trace_export import provider_with
from storage.offsets import open_partition
from storage.pool import open_pool
from stream_processors.attribution_agent import AttributionAgent
from stream_processors.batch_observer import Unobserved
from stream_processors.batches import Batch, batches_of
from stream_processors.dead_letters import DeadLetterWriter
from stream_processors.traced_batches import TracedBatches
from tests.api.events import page_view, page_views
from tests.api.serving import serving, settings, wait_for
from tests.services import KafkaBroker

pytestmark = pytest.mark.stack
SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
    return port


@dataclass
class Measured:
    """A running API, its broker, and the port that its metrics are at."""

    client: httpx.Client
    app: FastAPI
    broker: str
    topic: str
    metrics_port: int

    def samples(self) -> dict[tuple[str, ...], float]:
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", trust_env=False).text
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture(scope="module")
def measured(kafka_broker: KafkaBroker) -> Iterator[Measured]:
    """The second process of an API without a database."""
    topic = kafka_broker.create_topic("events")
    port = free_port()
    chosen = settings(kafka=kafka_broker.address, metrics_port=port - 1, process=2)
    app = build_app(chosen, events_topic=topic)
    with serving(app) as client:
        wait_for(lambda: not app.state.services.log.is_stalled)
        yield Measured(client, app, kafka_broker.address, topic, port)


def test_events_are_counted_by_what_became_of_them_and_answers_by_route(
    measured: Measured,
) -> None:
    before = measured.samples()

    measured.client.post("/v1/events", json=[*page_views(3), page_view("e", account=None)])
    measured.client.post("/v1/events", json=page_view("e", data={"url": 1, "ada-lovelace": "x"}))
    measured.client.get("/v1/people/ada-lovelace")
    measured.client.get("/ada-lovelace")

    after = measured.samples()
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert grown["roundtable_gateway_events_total", "accepted"] == 3
    assert grown["roundtable_gateway_events_total", "refused"] == 2
    assert grown["roundtable_gateway_refused_total", "account", "missing"] == 1
    assert grown["roundtable_gateway_produce_seconds_count",] == 1
    assert grown["roundtable_http_responses_total", "/v1/events", "202"] == 1
    assert grown["roundtable_http_responses_total", "/v1/events", "422"] == 1
    assert after["roundtable_gateway_in_flight_limit_bytes",] == 16 * 1024 * 1024
    assert not any("lovelace" in part for name in after for part in name)


def test_metrics_are_not_at_the_address_of_the_api(measured: Measured) -> None:
    assert measured.client.get("/metrics").status_code == 404


def test_a_port_that_is_taken_is_named(measured: Measured) -> None:
    taken = settings(metrics_port=measured.metrics_port)

    async def serve() -> None:
        async with metrics_server(taken, ApiMetrics(new_registry())):
            pass

    with pytest.raises(SettingError, match=f"ROUNDTABLE_METRICS_PORT.*port {taken.metrics_port}"):
        asyncio.run(serve())


def test_a_trace_leads_from_the_sender_to_the_commit(measured: Measured, database: str) -> None:
    exporter = InMemorySpanExporter()
    tracer = provider_with(SimpleSpanProcessor(exporter), "tests").get_tracer("tests")
    services = measured.app.state.services
    watched = replace(services.watched_requests, tracer=tracer)
    measured.app.state.services = replace(services, watched_requests=watched)
    try:
        events = page_views(20, prefix="traced")
        measured.client.post("/v1/events", json=events, headers={"traceparent": SENDER})
    finally:
        measured.app.state.services = services
    asyncio.run(_apply(measured, database, TracedBatches(tracer, "tests", Unobserved())))

    request, write, batch, transaction, fold = (
        _span(exporter, name)
        for name in (
            "POST /v1/events",
            f"send {measured.topic}",
            f"process {measured.topic}",
            "transaction",
            "fold",
        )
    )
    assert request.parent is not None
    assert f"{request.parent.trace_id:032x}" == SENDER[3:35]
    assert write.parent == request.context
    assert [link.context.span_id for link in batch.links] == [write.context.span_id]
    assert transaction.parent == batch.context
    assert fold.parent == transaction.context
    assert "acme.example" not in "".join(s.to_json() for s in exporter.get_finished_spans())


def _span(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    (span,) = (span for span in exporter.get_finished_spans() if span.name == name)
    return span


async def _apply(measured: Measured, database: str, observer: TracedBatches) -> None:
    async with (
        AIOKafkaConsumer(
            measured.topic, bootstrap_servers=measured.broker, auto_offset_reset="earliest"
        ) as consumer,
        open_pool(database, name="tests") as pool,
    ):
        async with pool.connection() as connection:
            await open_partition(connection, UUID(int=1), measured.topic, 0, 0)
        agent = AttributionAgent(
            pool,
            lambda _: UUID(int=1),
            DeadLetterWriter(None, ""),
            observer,  # type: ignore[arg-type]
        )
        while True:
            (batch,) = [
                batch
                for records in (await consumer.getmany(timeout_ms=1_000)).values()
                for batch in batches_of(measured.topic, 0, records[0].offset, records, 10**6, 4)
            ]
            await agent.handle(batch)
            if _holds_the_last(batch):
                return


def _holds_the_last(batch: Batch) -> bool:
    return b"traced19" in (batch.records[-1].value or b"")
