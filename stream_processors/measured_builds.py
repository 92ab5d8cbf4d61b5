"""Counts what the builder does: homes evaluated, definitions finished, steps done again."""

from storage.builds import BuildStep
from stream_processors.measured_batches import cause_of
from stream_processors.worker_metrics import WorkerMetrics


class MeasuredBuilds:
    """Writes down each step in the metrics of the worker."""

    def __init__(self, metrics: WorkerMetrics) -> None:
        """Take the metrics."""
        self._metrics = metrics

    def stepped(self, step: BuildStep) -> None:
        """Count homes and events of a step, and the definition with its last one."""
        self._metrics.build_homes.inc(step.homes)
        self._metrics.build_events.inc(step.events)
        self._metrics.builds.inc(step.is_last)

    def retried(self, cause: Exception) -> None:
        """Count a step that is done again."""
        self._metrics.retries.labels("builder", cause_of(cause)).inc()
