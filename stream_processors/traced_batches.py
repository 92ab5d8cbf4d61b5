"""Traces every batch: one span a batch, linked to the requests that its events came in with.

A batch holds events of many requests and belongs to none of them, so its span is no child of
theirs: it links to them, as OpenTelemetry's conventions for messaging ask.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, Tracer

from observability.stages import watched_by
from observability.tracing import span_context_of
from storage.dead_letters import Refused
from stream_processors.batch_observer import BatchObserver, BatchWatch
from stream_processors.batches import Batch

MOST_LINKS = 32
"""Requests that a batch is linked to at most."""


class TracedBatches:
    """An observer that makes spans, and passes on what it is told to another one."""

    def __init__(self, tracer: Tracer, group: str, inner: BatchObserver) -> None:
        """Take what makes spans, the consumer group, and who else watches."""
        self._tracer = tracer
        self._group = group
        self._inner = inner

    @contextmanager
    def watch(self, batch: Batch) -> Iterator[BatchWatch]:
        """Trace one batch; its span is the present one for the length of the block."""
        with ExitStack() as blocks:
            span = blocks.enter_context(
                self._tracer.start_as_current_span(
                    f"process {batch.topic}",
                    Context(),  # a root: see above
                    SpanKind.CONSUMER,
                    self._attributes(batch),
                    links=_links(batch),
                    record_exception=False,  # its text may quote a row
                    set_status_on_exception=False,
                )
            )
            inner = blocks.enter_context(self._inner.watch(batch))
            watch = _TracedBatch(self._tracer, span, inner)
            blocks.enter_context(watched_by(watch.stage))
            try:
                yield watch
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise

    def _attributes(self, batch: Batch) -> dict[str, str | int]:
        return {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.operation.name": "process",
            "messaging.destination.name": batch.topic,
            "messaging.destination.partition.id": str(batch.partition),
            "messaging.consumer.group.name": self._group,
            "messaging.kafka.offset": batch.first_offset,
            "messaging.batch.message_count": len(batch.records),
        }


def _links(batch: Batch) -> list[Link]:
    contexts = (span_context_of(traceparent) for traceparent in batch.traces)
    return [Link(context) for context in contexts if context is not None]


class _TracedBatch:
    def __init__(self, tracer: Tracer, span: Span, inner: BatchWatch) -> None:
        self._tracer = tracer
        self._span = span
        self._inner = inner

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        with (
            self._tracer.start_as_current_span(
                name, record_exception=False, set_status_on_exception=True
            ),
            self._inner.stage(name),
        ):
            yield

    def retried(self, cause: Exception) -> None:
        self._span.add_event("retried", {"error.type": type(cause).__name__})
        self._inner.retried(cause)

    def applied(self, *, accepted: int, duplicates: int, refused: Sequence[Refused]) -> None:
        self._span.set_attributes(
            {
                "roundtable.events.accepted": accepted,
                "roundtable.events.duplicate": duplicates,
                "roundtable.events.refused": len(refused),
            }
        )
        self._inner.applied(accepted=accepted, duplicates=duplicates, refused=refused)
