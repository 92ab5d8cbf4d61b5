"""What routes work with, put together once at the start and closed at the end."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from api.api_metrics import ApiMetrics
from api.contact_accounts import ContactAccounts
from api.database import Database
from api.in_flight import InFlight
from api.insight_jobs import insight_jobs
from api.live_readings import LiveReadings
from api.log_writer import LogWriter
from api.metrics_server import metrics_server
from api.registered_types import RegisteredTypes
from api.settings import Settings
from api.watched_requests import WatchedRequests
from api.webhook_addresses import Addresses
from api.webhook_secrets import Vault
from observability.tracing import open_tracer
from schemas.gate import GateRules

SERVICE = "roundtable-api"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One of each."""

    settings: Settings
    gate_rules: GateRules
    in_flight: InFlight
    log: LogWriter
    database: Database
    contact_accounts: ContactAccounts
    registered_types: RegisteredTypes
    readings: LiveReadings
    metrics: ApiMetrics
    watched_requests: WatchedRequests
    vault: Vault
    webhook_addresses: Addresses


@asynccontextmanager
async def running_services(
    settings: Settings, events_topic: str, metrics: ApiMetrics
) -> AsyncIterator[Services]:
    """Connect to Kafka and PostgreSQL in the background: the API answers before either does."""
    with open_tracer(settings.telemetry.traces, SERVICE) as tracer:
        watched = WatchedRequests(metrics, tracer, events_topic)
        services = _services(settings, events_topic, metrics, watched)
        async with (
            _running(
                services.log.run(),
                services.database.run(),
                services.readings.run(),
                services.registered_types.run(),
                *insight_jobs(
                    settings, services.database, services.vault, services.webhook_addresses
                ),
            ),
            metrics_server(settings, metrics),
        ):
            yield services


def _services(
    settings: Settings, events_topic: str, metrics: ApiMetrics, watched: WatchedRequests
) -> Services:
    in_flight = InFlight(settings.max_in_flight_bytes)
    database = Database(settings.database, connections=settings.database_connections)
    services = Services(
        settings=settings,
        gate_rules=GateRules(settings.hash_key, settings.allowed_staff_fields),
        in_flight=in_flight,
        log=LogWriter(
            settings.kafka,
            events_topic,
            access=settings.kafka_access,
            acknowledge_seconds=settings.acknowledge_seconds,
            in_flight=in_flight,
        ),
        database=database,
        contact_accounts=ContactAccounts(database),
        registered_types=RegisteredTypes(database),
        readings=LiveReadings(database, most_streams=settings.max_streams),
        metrics=metrics,
        watched_requests=watched,
        vault=Vault(settings.webhook_keys),
        webhook_addresses=Addresses(is_private_allowed=settings.are_webhooks_private),
    )
    metrics.look_at(
        held=lambda: in_flight.held,
        limit=in_flight.limit,
        is_stalled=lambda: services.log.is_stalled,
        pool=database.pool_stats,
    )
    return services


@asynccontextmanager
async def _running(*jobs: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(job) for job in jobs]
    for task in tasks:
        task.add_done_callback(_end_with_it)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _end_with_it(task: asyncio.Task[None]) -> None:
    """End the process when a job ends that never should: without it, nothing would be right."""
    if not task.cancelled():
        _LOG.critical("The API ends because a part of it failed", exc_info=task.exception())
        signal.raise_signal(signal.SIGTERM)


def services_of(request: Request) -> Services:
    """The services of the application that this request came to."""
    services: Services = request.app.state.services
    return services


ServicesHere = Annotated[Services, Depends(services_of)]
