"""What a process of the API counts and measures: every metric with its name, labels and meaning.

Labels are routes, statuses and words of the contract. No label names an experiment, an account or a
person, so whoever may read metrics learns nothing that a policy would hide.
"""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from observability.pools import PoolCollector

PRODUCE_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30)
AGE_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 60)
SIZE_BUCKETS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)


class ApiMetrics:
    """One of each, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Take where they are registered."""
        self.registry = registry
        self._count_answers()
        self._measure_the_gateway()
        self._measure_streams()
        self._describe_state()

    def _count_answers(self) -> None:
        self.responses = self._counter(
            "roundtable_http_responses_total",
            "Answers by route and status; the route is `none` where a request reached none.",
            "route",
            "status",
        )
        self.gateway_events = self._counter(
            "roundtable_gateway_events_total",
            "Events sent to the gateway, by what became of them: accepted, refused or not_taken.",
            "outcome",
        )
        self.gateway_refused = self._counter(
            "roundtable_gateway_refused_total",
            "Events that the gateway refused, by the field and the rule that they break.",
            "field",
            "rule",
        )

    def _measure_the_gateway(self) -> None:
        self.request_events = self._histogram(
            "roundtable_gateway_request_events", "Events in a request.", SIZE_BUCKETS
        )
        self.produce_seconds = self._histogram(
            "roundtable_gateway_produce_seconds",
            "Time until Kafka acknowledged the accepted events of a request, or did not in time.",
            PRODUCE_BUCKETS,
        )

    def _measure_streams(self) -> None:
        self.streams = self._gauge(
            "roundtable_streams_open", "Streams of readings that somebody follows."
        )
        self.reading_age = self._histogram(
            "roundtable_stream_reading_age_seconds",
            "Age of a reading when it is sent on a stream: since its figures were read.",
            AGE_BUCKETS,
        )

    def _describe_state(self) -> None:
        self._in_flight = self._gauge(
            "roundtable_gateway_in_flight_bytes", "Bytes of requests and unacknowledged records."
        )
        self._in_flight_limit = self._gauge(
            "roundtable_gateway_in_flight_limit_bytes",
            "Bytes that may be in flight; beyond, requests are answered with 429.",
        )
        self._stalled = self._gauge(
            "roundtable_gateway_stalled", "1 while Kafka takes or acknowledges nothing."
        )

    def look_at(
        self,
        *,
        held: Callable[[], int],
        limit: int,
        is_stalled: Callable[[], bool],
        pool: Callable[[], Mapping[str, int] | None],
    ) -> None:
        """Take what is asked whenever the metrics are read."""
        self._in_flight.set_function(held)
        self._in_flight_limit.set(limit)
        self._stalled.set_function(is_stalled)
        self.registry.register(PoolCollector(pool))

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, meaning, registry=self.registry, buckets=buckets)
