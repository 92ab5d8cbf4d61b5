"""What a worker's metrics say of its batches: what they came to, how long, and how they ended."""

from itertools import count

import pytest
from prometheus_client import CollectorRegistry

from observability.stages import stage
from storage.builds import BuildStep
from storage.dead_letters import Refused
from storage.pool import RETRYABLE
from stream_processors.batches import Batch, Record
from stream_processors.delivery import FencedError
from stream_processors.measured_batches import MeasuredBatches
from stream_processors.measured_builds import MeasuredBuilds
from stream_processors.worker_metrics import WorkerMetrics

BATCH = Batch(
    "events", 2, 10, 13, tuple(Record(n, 100_000 + n, b"k", b"v") for n in range(10, 13)), 6
)


class Seen:
    """A worker's metrics, its clock a second further with every look."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = WorkerMetrics(self.registry, lambda: {"pool_max": 4})
        self.batches = MeasuredBatches(
            self.metrics, "attribution", now=lambda: 100.31, clock=count().__next__
        )

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"roundtable_{name}", labels)


def refused(field: str, rule: str) -> Refused:
    return Refused(11, field, rule, "", b"", 0)


def test_a_committed_batch_is_counted_by_what_became_of_its_records() -> None:
    seen = Seen()

    with seen.batches.watch(BATCH) as watch:
        watch.applied(
            accepted=5,
            duplicates=2,
            refused=[
                refused("account", "missing"),
                refused("account", "missing"),
                refused("data.ada-lovelace", "schema"),
            ],
        )

    outcomes = [
        seen.value("events_total", topic="events", outcome=outcome)
        for outcome in ("accepted", "duplicate", "refused")
    ]
    reasons = [
        seen.value("events_refused_total", topic="events", field=field, rule=rule)
        for field, rule in (("account", "missing"), ("data.*", "schema"))
    ]
    assert (outcomes, reasons) == ([5, 2, 3], [2, 1])
    assert seen.value("dead_letters_total", topic="events") == 3


def test_a_committed_batch_is_measured_from_its_oldest_record_on() -> None:
    seen = Seen()

    with seen.batches.watch(BATCH) as watch:
        with watch.stage("transaction"), stage("fold"):
            pass
        watch.applied(accepted=3, duplicates=0, refused=[])

    sums = {
        name: seen.value(f"{name}_sum", topic="events")
        for name in ("batch_records", "batch_bytes", "batch_seconds", "freshness_seconds")
    }
    stages = [
        seen.value("batch_stage_seconds_sum", topic="events", stage=name)
        for name in ("transaction", "fold")
    ]
    assert sums == {
        "batch_records": 3,
        "batch_bytes": 6,
        "batch_seconds": 5,
        "freshness_seconds": pytest.approx(0.3),
    }
    assert stages == [3, 1]


def test_a_batch_that_was_not_committed_is_counted_by_how_it_ended_and_measured_by_nothing() -> (
    None
):
    seen = Seen()

    for failure in (FencedError("moved"), ValueError("bad")):
        with pytest.raises(type(failure)), seen.batches.watch(BATCH):
            raise failure

    assert seen.value("fenced_batches_total", topic="events") == 1
    assert seen.value("failed_batches_total", topic="events") == 1
    assert seen.value("freshness_seconds_count", topic="events") is None


def test_a_transaction_that_is_run_again_is_counted_by_its_cause() -> None:
    seen = Seen()

    with seen.batches.watch(BATCH) as watch:
        for cause in RETRYABLE:
            watch.retried(cause())
    MeasuredBuilds(seen.metrics).retried(RETRYABLE[0]())

    causes = ("deadlock_detected", "serialization_failure", "lock_not_available")
    assert [seen.value("retries_total", part="attribution", cause=cause) for cause in causes] == [
        1,
        1,
        1,
    ]
    assert seen.value("retries_total", part="builder", cause="deadlock_detected") == 1


def test_a_build_counts_by_step_and_definitions_by_their_last_one() -> None:
    seen = Seen()
    builds = MeasuredBuilds(seen.metrics)

    for homes, events, is_last in ((500, 900, False), (20, 30, True)):
        builds.stepped(
            BuildStep(1, "spring-mail", homes, evaluated=9, events=events, is_last=is_last)
        )

    counted = ("build_homes_total", "build_events_total", "builds_completed_total")
    assert [seen.value(name) for name in counted] == [520, 930, 1]


def test_a_pool_that_is_not_there_says_nothing() -> None:
    registry = CollectorRegistry()
    WorkerMetrics(registry, lambda: None)

    assert registry.get_sample_value("roundtable_pool_connections_max") is None
    assert Seen().value("pool_connections_max") == 4
