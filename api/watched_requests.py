"""Watches what the gateway does with a request: a few calls a request, none per accepted event.

Where traces are asked for, a request is a span, its write to the log a span within, and the records
carry the second one's name: the batch that commits them links to it.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanKind, StatusCode, Tracer, set_span_in_context

from api.api_metrics import ApiMetrics
from api.problems import ProblemError
from observability.refusal_labels import refusal_labels
from observability.tracing import (
    TRACEPARENT,
    TraceHeaders,
    span_context_of,
    trace_headers_here,
)
from schemas.problems import Verdict


@dataclass(frozen=True, slots=True)
class WatchedRequests:
    """Measures always, and traces where `tracer` is not None."""

    metrics: ApiMetrics
    tracer: Tracer | None
    topic: str

    @contextmanager
    def request(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Trace a request with events; its sender may have begun the trace."""
        if self.tracer is None:
            yield
            return
        with self.tracer.start_as_current_span(
            "POST /v1/events",
            _context_of(headers),
            SpanKind.SERVER,
            {"http.request.method": "POST", "http.route": "/v1/events"},
            record_exception=False,  # its text may quote what was sent
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except ProblemError as refused:
                span.set_attribute("http.response.status_code", refused.kind.status)
                if refused.kind.status >= 500:
                    span.set_status(StatusCode.ERROR)
                raise

    def judged(self, accepted: int, refused: Sequence[Verdict]) -> None:
        """Count what is refused, by why."""
        self.metrics.request_events.observe(accepted + len(refused))
        self.metrics.gateway_events.labels("refused").inc(len(refused))
        reasons = Counter(refusal_labels(one.field or "", one.rule or "") for one in refused)
        for (field, rule), count in reasons.items():
            self.metrics.gateway_refused.labels(field, rule).inc(count)

    @contextmanager
    def writing(self, events: int) -> Iterator[TraceHeaders | None]:
        """Measure and trace the write to the log; yields what the records carry of the trace."""
        began = time.perf_counter()
        span = nullcontext() if self.tracer is None else self._span_of_write(self.tracer, events)
        with span:
            yield None if self.tracer is None else trace_headers_here()
        self.metrics.produce_seconds.observe(time.perf_counter() - began)

    def written(self, accepted: int, not_taken: int) -> None:
        """Count what the log has acknowledged and what it has not."""
        self.metrics.gateway_events.labels("accepted").inc(accepted)
        self.metrics.gateway_events.labels("not_taken").inc(not_taken)

    @contextmanager
    def _span_of_write(self, tracer: Tracer, events: int) -> Iterator[None]:
        with tracer.start_as_current_span(
            f"send {self.topic}",
            kind=SpanKind.PRODUCER,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "send",
                "messaging.operation.name": "send",
                "messaging.destination.name": self.topic,
                "messaging.batch.message_count": events,
            },
            record_exception=False,
        ):
            yield


def _context_of(headers: Mapping[str, str]) -> Context:
    """The trace that the sender has begun, or an empty one, of which a new trace begins."""
    sent = headers.get(TRACEPARENT)
    context = None if sent is None else span_context_of(sent)
    if context is None:
        return Context()
    return set_span_in_context(NonRecordingSpan(context), Context())
