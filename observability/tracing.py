"""Traces by OpenTelemetry, on only where its standard variables ask for them.

Where they do not, nothing of its SDK is loaded and no span is made: the tracer is None.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.trace import (
    SpanContext,
    Tracer,
    format_span_id,
    format_trace_id,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from observability.settings import Exporter

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

TRACEPARENT = "traceparent"
TraceHeaders = list[tuple[str, bytes]]

_W3C = TraceContextTextMapPropagator()


@contextmanager
def open_tracer(exporter: Exporter | None, service: str) -> Iterator[Tracer | None]:
    """Give a tracer for the length of a block, None where traces go nowhere; send what is left.

    The provider is not made the global one: libraries that look for it would put addresses,
    paths and parameters of requests into spans of their own.
    """
    if exporter is None:
        yield None
        return
    # Only who asks for traces pays for the SDK: some 20 MB and half a second at the start.
    from observability.trace_export import provider_for  # noqa: PLC0415

    provider: TracerProvider = provider_for(exporter, service)
    try:
        yield provider.get_tracer("roundtable")
    finally:
        provider.shutdown()


def trace_headers_here() -> TraceHeaders | None:
    """Return the headers of a record that lead to the present span, None where none is kept."""
    context = get_current_span().get_span_context()
    if not (context.is_valid and context.trace_flags.sampled):
        return None
    named = f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-01"
    return [(TRACEPARENT, named.encode())]


def span_context_of(traceparent: str | bytes) -> SpanContext | None:
    """Read the header; None where it is not one."""
    text = traceparent.decode("latin-1") if isinstance(traceparent, bytes) else traceparent
    context = get_current_span(_W3C.extract({TRACEPARENT: text})).get_span_context()
    return context if context.is_valid else None
