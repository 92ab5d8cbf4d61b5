"""The worker process, `python -m stream_processors`. Exit code 1: it failed; 2: it was misled."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from observability.exposition import new_registry
from observability.log_lines import log_to_stderr
from observability.settings import TelemetrySettingError
from observability.tracing import open_tracer
from schemas.catalog import DEAD_LETTERS, EVENTS, INBOX, REGISTRY
from schemas.gate import GateRules
from storage.kafka_access import KafkaAccessError
from storage.kafka_trouble import KafkaTroubleError, servers_of, why_unreachable
from storage.pool import Pool, open_pool
from stream_processors.app import StreamApp, Subscription, build_app
from stream_processors.attribution_agent import AttributionAgent
from stream_processors.builder import build_definitions
from stream_processors.dead_letters import DeadLetterWriter
from stream_processors.health import WorkerHealth
from stream_processors.health_server import health_server
from stream_processors.intake_agent import IntakeAgent
from stream_processors.measured_builds import MeasuredBuilds
from stream_processors.observers import Observers
from stream_processors.offsets import OffsetTable
from stream_processors.registry_publisher import publish_definitions
from stream_processors.settings import KafkaSettings
from stream_processors.worker import run
from stream_processors.worker_metrics import WorkerMetrics
from stream_processors.worker_settings import SettingError, SettingMissingError, WorkerSettings
from stream_processors.worker_state import WorkerState

logger = logging.getLogger("stream_processors")

FAILED, MISLED = 1, 2
SERVICE = "roundtable-worker"
COLLECT_AFTER = (50_000, 20, 20)
TOPICS = (EVENTS.name, INBOX.name)
_SERVICES = ("stream_processors.transport", "stream_processors.reading")


def main() -> int:
    """Run until told to stop; return the exit code."""
    try:
        settings = WorkerSettings.from_env(os.environ)
        settings.kafka_access.client_options()  # a file that cannot be read is named at the start
    except (SettingMissingError, SettingError, KafkaAccessError, TelemetrySettingError) as error:
        sys.stderr.write(f"{error}\n")
        return MISLED
    _log(settings)
    _collect_rarely()
    try:
        asyncio.run(work(settings))
    except Exception:
        logger.exception("action=failed")
        return FAILED
    return 0


def _collect_rarely() -> None:
    """Keep the collector of cycles from walking through every batch, which holds none."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _log(settings: WorkerSettings) -> None:
    log_to_stderr(settings.telemetry.log_format, settings.log_level)
    # They tell of every connection and every service of theirs; what fails is a warning.
    for noisy in ("kafka", "aiokafka", "faust", "mode", "stream_processors.app", *_SERVICES):
        logging.getLogger(noisy).setLevel(logging.WARNING)


async def work(settings: WorkerSettings, stop: asyncio.Event | None = None) -> None:
    """Run the agents and the builder until SIGTERM, `stop` or a failure, which is raised."""
    stop = stop or asyncio.Event()
    async with (
        open_pool(settings.database, name=settings.name, durable=False) as pool,
        _producer(settings) as producer,
        AsyncExitStack() as blocks,
    ):
        tracer = blocks.enter_context(open_tracer(settings.telemetry.traces, SERVICE))
        registry = new_registry()
        metrics = WorkerMetrics(registry, pool.get_stats)
        logger.info("action=started name=%s", settings.name)
        jobs = [
            asyncio.create_task(
                _or_stop(build_definitions(pool, _now, MeasuredBuilds(metrics)), stop)
            ),
            asyncio.create_task(
                _or_stop(publish_definitions(pool, producer, REGISTRY.name, _now), stop)
            ),
        ]
        offsets = _offsets(settings, pool)
        jobs.append(asyncio.create_task(_or_stop(offsets.watch(), stop)))
        observers = Observers(metrics, tracer, settings.group)
        app = _app(settings, pool, producer, offsets, observers)
        health = WorkerHealth(pool, settings.database, app, offsets, settings.lag_limit)
        state = WorkerState(metrics, registry, health, pool, TOPICS)
        try:
            async with _told(settings, health, state):
                await run(app, stop)
        finally:
            for job in jobs:
                job.cancel()
        for job in jobs:
            await _raise_failure(job)


def _offsets(settings: WorkerSettings, pool: Pool) -> OffsetTable:
    return OffsetTable(pool, settings.kafka, TOPICS, settings.kafka_access)


@asynccontextmanager
async def _told(
    settings: WorkerSettings, health: WorkerHealth, state: WorkerState
) -> AsyncIterator[None]:
    """Let others ask how the worker fares, where a port is set for that."""
    if settings.health_port is None:
        yield
        return
    async with health_server(
        settings.health_host, settings.health_port, health.readiness, state.exposition
    ):
        yield


def _app(
    settings: WorkerSettings,
    pool: Pool,
    producer: AIOKafkaProducer,
    offsets: OffsetTable,
    observers: Observers,
) -> StreamApp:
    kafka = KafkaSettings(
        bootstrap=settings.kafka,
        group=settings.group,
        instance=settings.instance,
        access=settings.kafka_access,
        max_batch_records=settings.batch_records,
        most_traces=observers.most_traces,
    )
    letters = DeadLetterWriter(producer, DEAD_LETTERS.name)
    rules = GateRules(settings.hash_key, settings.allowed_staff_fields)
    attribution = AttributionAgent(pool, offsets.topic_id, letters, observers.of("attribution"))
    intake = IntakeAgent(
        pool, offsets.topic_id, producer, letters, rules, EVENTS.name, observers.of("intake")
    )
    subscriptions = [
        Subscription(EVENTS.name, attribution.handle),
        Subscription(INBOX.name, intake.handle),
    ]
    return build_app(kafka, subscriptions, offsets.start_offsets)


async def _or_stop(job: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    try:
        await job
    finally:
        # Where a job beside the stream failed, the worker has to end and say so.
        stop.set()


async def _raise_failure(job: asyncio.Task[None]) -> None:
    try:
        await job
    except asyncio.CancelledError:
        return


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def _producer(settings: WorkerSettings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=servers_of(settings.kafka),
        acks="all",
        **settings.kafka_access.client_options(),
    )
    try:
        await _start(producer, settings)
        yield producer
    finally:
        await producer.stop()


async def _start(producer: AIOKafkaProducer, settings: WorkerSettings) -> None:
    try:
        await producer.start()
    except KafkaError as error:
        raise KafkaTroubleError(
            await why_unreachable(settings.kafka, settings.kafka_access)
        ) from error


if __name__ == "__main__":
    sys.exit(main())
