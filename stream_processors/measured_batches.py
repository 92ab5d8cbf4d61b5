"""Measures every batch: a handful of counters a batch, none per event but for what is refused."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from observability.refusal_labels import refusal_labels
from observability.stages import watched_by
from storage.dead_letters import Refused
from stream_processors.batch_observer import BatchWatch
from stream_processors.batches import Batch
from stream_processors.delivery import FencedError
from stream_processors.worker_metrics import WorkerMetrics

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class MeasuredBatches:
    """An observer that writes down what it sees in the metrics of the worker."""

    def __init__(
        self,
        metrics: WorkerMetrics,
        part: str,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Take the metrics, the part of the worker whose batches they are, and two clocks."""
        self._metrics = metrics
        self._part = part
        self._now = now
        self._clock = clock

    @contextmanager
    def watch(self, batch: Batch) -> Iterator[BatchWatch]:
        """Measure one batch; one that was not committed is counted by why."""
        watch = _MeasuredBatch(self._metrics, self._part, batch, self._now, self._clock)
        try:
            with watched_by(watch.stage):
                yield watch
        except FencedError:
            self._metrics.fenced.labels(batch.topic).inc()
            raise
        except Exception:
            self._metrics.failed.labels(batch.topic).inc()
            raise


class _MeasuredBatch:
    def __init__(
        self,
        metrics: WorkerMetrics,
        part: str,
        batch: Batch,
        now: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._metrics = metrics
        self._part = part
        self._batch = batch
        self._now = now
        self._clock = clock
        self._started = clock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = self._clock()
        try:
            yield
        finally:
            seconds = self._clock() - began
            self._metrics.stage_seconds.labels(self._batch.topic, name).observe(seconds)

    def retried(self, cause: Exception) -> None:
        self._metrics.retries.labels(self._part, cause_of(cause)).inc()

    def applied(self, *, accepted: int, duplicates: int, refused: Sequence[Refused]) -> None:
        metrics, topic, batch = self._metrics, self._batch.topic, self._batch
        metrics.events.labels(topic, "accepted").inc(accepted)
        metrics.events.labels(topic, "duplicate").inc(duplicates)
        metrics.events.labels(topic, "refused").inc(len(refused))
        metrics.dead_letters.labels(topic).inc(len(refused))
        reasons = Counter(refusal_labels(record.field, record.rule) for record in refused)
        for (field, rule), count in reasons.items():
            metrics.refused.labels(topic, field, rule).inc(count)
        metrics.batch_records.labels(topic).observe(len(batch.records))
        metrics.batch_bytes.labels(topic).observe(batch.size_bytes)
        metrics.batch_seconds.labels(topic).observe(self._clock() - self._started)
        metrics.freshness.labels(topic).observe(self._age())

    def _age(self) -> float:
        # The log's clock is another machine's: it may be a little ahead.
        return max(0.0, self._now() - self._batch.records[0].timestamp_ms / 1000)


def cause_of(error: Exception) -> str:
    """Name the kind of an error as a label: `deadlock_detected`, `alone_in_gate_required`."""
    return _CAPITAL.sub("_", type(error).__name__).lower()
