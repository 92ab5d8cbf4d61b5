"""Traces of batches: one span each, linked to the requests that its events came in with."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, format_trace_id

from observability.stages import stage
from observability.trace_export import provider_with
from observability.tracing import open_tracer, trace_headers_here
from stream_processors.batch_observer import Unobserved
from stream_processors.batches import Batch, Record
from stream_processors.traced_batches import TracedBatches

SAMPLED = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_SAMPLED = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


class Traces:
    """Spans as they were exported."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider: TracerProvider = provider_with(SimpleSpanProcessor(self._exporter), "tests")
        self.batches = TracedBatches(self.provider.get_tracer("tests"), "roundtable", Unobserved())

    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans()}


def batch_with(*traces: bytes) -> Batch:
    return Batch("events", 2, 10, 11, (Record(10, 1, b"k", b"v"),), 2, traces)


def test_a_batch_is_a_root_with_a_link_to_each_request_and_a_span_for_each_stage() -> None:
    traces = Traces()

    with traces.batches.watch(batch_with(SAMPLED, b"no traceparent")) as watch:
        with watch.stage("transaction"), stage("fold"):
            pass
        watch.applied(accepted=1, duplicates=0, refused=[])

    spans = traces.spans()
    batch, transaction = spans["process events"], spans["transaction"]
    assert batch.parent is None
    assert [format_trace_id(link.context.trace_id) for link in batch.links] == [
        SAMPLED[3:35].decode()
    ]
    assert transaction.parent == batch.context
    assert spans["fold"].parent == transaction.context
    assert batch.attributes is not None
    assert batch.attributes["messaging.kafka.offset"] == 10
    assert batch.attributes["roundtable.events.accepted"] == 1


def test_a_batch_that_fails_says_how_and_quotes_nothing() -> None:
    traces = Traces()

    with pytest.raises(ValueError), traces.batches.watch(batch_with()):
        raise ValueError("ada@example.com")

    span = traces.spans()["process events"]
    assert span.status.status_code is StatusCode.ERROR
    assert "ada" not in span.to_json()


def test_a_batch_is_kept_with_a_request_that_is_kept_and_else_as_the_sampler_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    traces = Traces()

    with traces.batches.watch(batch_with(NOT_SAMPLED)):
        left_out = trace_headers_here()
    with traces.batches.watch(batch_with(NOT_SAMPLED, SAMPLED)):
        kept = trace_headers_here()

    assert left_out is None
    assert kept is not None
    assert len(traces.spans()) == 1


def test_nobody_pays_for_traces_that_nobody_asked_for() -> None:
    with open_tracer(None, "roundtable-worker") as tracer:
        assert tracer is None
