"""What a worker counts and measures: every metric with its name, labels and meaning.

Labels are topics, partitions, stages and words of the contract. No label names an experiment, an
account or a person, so whoever may read metrics learns nothing that a policy would hide.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from observability.pools import PoolCollector, PoolStats

AGE_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400)
WORK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10, 30)
RECORD_BUCKETS = (1, 10, 50, 100, 250, 500, 1_000, 2_000, 3_000, 4_000, 5_000, 10_000, 20_000)
BYTE_BUCKETS = tuple(1024 * 4**power for power in range(8))


class WorkerMetrics:
    """One of each, in one registry."""

    def __init__(self, registry: CollectorRegistry, pool: PoolStats) -> None:
        """Take where they are registered, and what asks the pool of connections."""
        self._registry = registry
        self._count_batches()
        self._measure_batches()
        self._count_builds()
        self._describe_state()
        registry.register(PoolCollector(pool))

    def _count_batches(self) -> None:
        self.events = self._counter(
            "roundtable_events_total",
            "Records of committed batches, by what became of them: accepted, duplicate or refused.",
            "topic",
            "outcome",
        )
        self.refused = self._counter(
            "roundtable_events_refused_total",
            "Refused records, by the field and the rule of the contract that they break.",
            "topic",
            "field",
            "rule",
        )
        self.dead_letters = self._counter(
            "roundtable_dead_letters_total",
            "Records kept as dead letters, each with its reason and its place.",
            "topic",
        )
        self.fenced = self._counter(
            "roundtable_fenced_batches_total",
            "Batches rolled back because another worker had moved the partition's offset.",
            "topic",
        )
        self.failed = self._counter(
            "roundtable_failed_batches_total",
            "Batches that could not be applied; each of them ends the worker.",
            "topic",
        )
        self.retries = self._counter(
            "roundtable_retries_total",
            "Transactions that were run again, by who ran them and by cause.",
            "part",
            "cause",
        )

    def _measure_batches(self) -> None:
        self.batch_records = self._histogram(
            "roundtable_batch_records", "Records in a committed batch.", RECORD_BUCKETS, "topic"
        )
        self.batch_bytes = self._histogram(
            "roundtable_batch_bytes", "Bytes in a committed batch.", BYTE_BUCKETS, "topic"
        )
        self.batch_seconds = self._histogram(
            "roundtable_batch_seconds",
            "Time from the start of the work on a batch to its commit.",
            WORK_BUCKETS,
            "topic",
        )
        self.stage_seconds = self._histogram(
            "roundtable_batch_stage_seconds",
            "Time of a stage of the work on a batch; `transaction` once for each attempt.",
            WORK_BUCKETS,
            "topic",
            "stage",
        )
        self.freshness = self._histogram(
            "roundtable_freshness_seconds",
            "Time from the log's append of a batch's oldest record to the batch's commit.",
            AGE_BUCKETS,
            "topic",
        )

    def _count_builds(self) -> None:
        self.build_homes = self._counter(
            "roundtable_build_homes_total",
            "Homes that this worker has come past for definitions that are being built.",
        )
        self.build_events = self._counter(
            "roundtable_build_events_total",
            "Stored events that this worker has read for definitions that are being built.",
        )
        self.builds = self._counter(
            "roundtable_builds_completed_total", "Definitions that this worker has finished."
        )
        self.builds_waiting = self._gauge(
            "roundtable_builds_waiting", "Definitions that are being built or wait for it."
        )
        self.oldest_build = self._gauge(
            "roundtable_build_oldest_seconds",
            "Age of the oldest definition that is not finished; 0 where none waits.",
        )

    def _describe_state(self) -> None:
        self.lag = self._gauge(
            "roundtable_partition_lag_records",
            "Records of an assigned partition that are not stored; absent where not known.",
            "topic",
            "partition",
        )
        self.assigned = self._gauge(
            "roundtable_assigned_partitions",
            "Partitions that are assigned to this worker.",
            "topic",
        )
        self.database_bytes = self._gauge(
            "roundtable_database_bytes", "Size of the database, indexes included."
        )
        self.unknown = self._gauge(
            "roundtable_unknown_state",
            "1 where the last look at this part of the state failed, so that it is not known.",
            "part",
        )

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self._registry)

    def _histogram(
        self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, meaning, labels, registry=self._registry, buckets=buckets)
