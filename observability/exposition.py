"""A registry in the words that Prometheus reads, at `/metrics`."""

from http import HTTPStatus

from prometheus_client import (
    CollectorRegistry,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from observability.plain_http import Answer

PATH = "/metrics"


def new_registry() -> CollectorRegistry:
    """Return a registry that holds what every process says: memory, processor time, open files."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # series that nobody reads
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    return registry


def exposition(registry: CollectorRegistry) -> Answer:
    """Return all that the registry holds now."""
    return Answer(HTTPStatus.OK, generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4)
