"""What a pool of connections says of itself, read when it is asked for: nothing is kept here."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PoolStats = Callable[[], Mapping[str, int] | None]
"""The pool's own counters, None while there is no pool."""


class PoolCollector(Collector):
    """The connections to PostgreSQL of one process."""

    def __init__(self, stats: PoolStats) -> None:
        """Take what asks the pool."""
        self._stats = stats

    def describe(self) -> Iterator[Metric]:
        """Name the metrics, whether or not there is a pool."""
        yield from _gauges({})
        yield from _counters({})

    def collect(self) -> Iterator[Metric]:
        """Read the pool; nothing where there is none, for zero would be a claim."""
        stats = self._stats()
        if stats is not None:
            yield from _gauges(stats)
            yield from _counters(stats)


def _gauges(stats: Mapping[str, int]) -> Iterator[Metric]:
    idle = stats.get("pool_available", 0)
    connections = GaugeMetricFamily(
        "roundtable_pool_connections",
        "Connections to PostgreSQL that are open, by whether they are in use.",
        labels=["state"],
    )
    connections.add_metric(["in_use"], stats.get("pool_size", 0) - idle)
    connections.add_metric(["idle"], idle)
    yield connections
    yield GaugeMetricFamily(
        "roundtable_pool_connections_max",
        "Connections to PostgreSQL that the pool may open.",
        value=stats.get("pool_max", 0),
    )
    yield GaugeMetricFamily(
        "roundtable_pool_requests_waiting",
        "Pieces of work that wait for a connection at the moment.",
        value=stats.get("requests_waiting", 0),
    )


def _counters(stats: Mapping[str, int]) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "roundtable_pool_requests",
        "Times that a connection was asked for.",
        value=stats.get("requests_num", 0),
    )
    yield CounterMetricFamily(
        "roundtable_pool_wait_seconds",
        "Time spent waiting for a connection.",
        value=stats.get("requests_wait_ms", 0) / 1000,
    )
    yield CounterMetricFamily(
        "roundtable_pool_errors",
        "Times that no connection was had: it could not be opened, or not in time.",
        value=stats.get("requests_errors", 0) + stats.get("connections_errors", 0),
    )
