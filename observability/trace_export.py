"""Where spans go, and which are kept. Loads OpenTelemetry's SDK, so only who traces imports it.

What to send where, how much of it and under which names the standard variables say: the SDK reads
them (OTEL_EXPORTER_OTLP_*, OTEL_TRACES_SAMPLER, OTEL_BSP_*, OTEL_RESOURCE_ATTRIBUTES).
"""

from collections.abc import Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
)
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from observability.settings import Exporter


def provider_for(exporter: Exporter, service: str) -> TracerProvider:
    """Return a provider that sends to this exporter."""
    processor: SpanProcessor
    if exporter == "console":
        processor = SimpleSpanProcessor(ConsoleSpanExporter())
    else:
        processor = BatchSpanProcessor(OTLPSpanExporter())
    return provider_with(processor, service)


def provider_with(processor: SpanProcessor, service: str) -> TracerProvider:
    """Return a provider with this processor, which keeps whatever is linked to what is kept."""
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES may name it otherwise, so they come last.
    named = Resource.create({SERVICE_NAME: service})
    resource = named.merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.sampler = LinkedIsKept(provider.sampler)
    provider.add_span_processor(processor)
    return provider


class LinkedIsKept(Sampler):
    """Keeps a batch that holds events of a request which is kept: else a trace had no end.

    With one request in a hundred kept, and one batch, a trace would reach its commit once in ten
    thousand times.
    """

    def __init__(self, otherwise: Sampler) -> None:
        """Take what decides where no link does."""
        self._otherwise = otherwise

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Keep what is linked; ask otherwise."""
        is_linked = any(link.context.trace_flags.sampled for link in links or ())
        sampler: Any = ALWAYS_ON if is_linked else self._otherwise
        result: SamplingResult = sampler.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )
        return result

    def get_description(self) -> str:
        """Name both rules."""
        return f"LinkedIsKept({self._otherwise.get_description()})"
