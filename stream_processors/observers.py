"""Who watches the batches of each agent: metrics always, traces where they are asked for."""

from dataclasses import dataclass

from opentelemetry.trace import Tracer

from stream_processors.batch_observer import BatchObserver
from stream_processors.measured_batches import MeasuredBatches
from stream_processors.traced_batches import MOST_LINKS, TracedBatches
from stream_processors.worker_metrics import WorkerMetrics


@dataclass(frozen=True, slots=True)
class Observers:
    """Makes the observers of one worker; `tracer` None: nobody asked for traces."""

    metrics: WorkerMetrics
    tracer: Tracer | None
    group: str

    def of(self, part: str) -> BatchObserver:
        """Return who watches the batches of one part of the worker."""
        measured = MeasuredBatches(self.metrics, part)
        if self.tracer is None:
            return measured
        return TracedBatches(self.tracer, self.group, measured)

    @property
    def most_traces(self) -> int:
        """How many traces are looked for in the records of a batch."""
        return 0 if self.tracer is None else MOST_LINKS
