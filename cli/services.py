"""Kafka and PostgreSQL together, ours or somebody else's: what everything else stands on."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cli import kafka_server, postgres_server
from cli.data_dir import DataDir
from cli.kafka_server import Kafka, KafkaHome, start_kafka, stop_kafka
from cli.postgres_memory import server_options
from cli.postgres_server import Postgres, PostgresHome, start_postgres, stop_postgres
from cli.processes import ProcessRecord, stop, strays
from cli.reporting import Report, silent
from cli.settings import SettingError, Settings
from storage.kafka_access import PLAINTEXT, SECURITY, KafkaAccess


@dataclass(frozen=True)
class Services:
    """How to reach Kafka and PostgreSQL; a process is given for those that are ours."""

    kafka: str
    database: str = field(repr=False)  # holds the password
    kafka_process: ProcessRecord | None = None
    postgres_process: ProcessRecord | None = None
    kafka_access: KafkaAccess = PLAINTEXT
    """Of somebody else's Kafka; ours speaks plain text on the loopback interface alone."""


@contextmanager
def running_services(
    data_dir: Path, settings: Settings, report: Report = silent
) -> Iterator[Services]:
    """Run Kafka and PostgreSQL for the length of a block, with their data kept in `data_dir`."""
    layout = DataDir.at(data_dir)
    with layout.held():
        services = start_services(layout, settings, report)
        try:
            yield services
        finally:
            stop_services(services)


def start_services(layout: DataDir, settings: Settings, report: Report = silent) -> Services:
    """Start, find again or take from the settings; the caller holds the directory."""
    if settings.kafka is None and settings.kafka_access != PLAINTEXT:
        raise SettingError(
            f"{SECURITY.name} is {settings.kafka_access.security}, but ROUNDTABLE_KAFKA names no "
            "cluster, and our own Kafka speaks plain text."
        )
    _clear_strays(layout)
    with ThreadPoolExecutor(2) as pool:
        kafka = pool.submit(_kafka, layout, settings, report)
        postgres = pool.submit(_postgres, layout, settings)
        failure = kafka.exception() or postgres.exception()
    if failure is not None:
        _stop_what_started(kafka, postgres)
        raise failure
    return _services(settings, kafka.result(), postgres.result())


def stop_services(services: Services) -> None:
    """Stop those that are ours, Kafka first."""
    if services.kafka_process is not None:
        stop_kafka(services.kafka_process)
    if services.postgres_process is not None:
        stop_postgres(services.postgres_process)


def kafka_home(layout: DataDir) -> KafkaHome:
    """Return where this directory's broker lives."""
    return KafkaHome(layout.kafka, layout.logs, layout.root)


def postgres_home(layout: DataDir) -> PostgresHome:
    """Return where this directory's PostgreSQL lives."""
    return PostgresHome(layout.postgres, layout.logs, layout.root)


def _clear_strays(layout: DataDir) -> None:
    """Stop what a killed parent left, except the two servers: they are found again and used."""
    for role, record in strays(layout.root):
        if role not in {kafka_server.ROLE, postgres_server.ROLE}:
            stop(record)


def _kafka(layout: DataDir, settings: Settings, report: Report) -> Kafka | None:
    return None if settings.kafka else start_kafka(kafka_home(layout), settings, report)


def _postgres(layout: DataDir, settings: Settings) -> Postgres | None:
    if settings.database:
        return None
    options = server_options(psutil.virtual_memory().total)
    return start_postgres(postgres_home(layout), settings.database_port, options)


def _stop_what_started(kafka: Future[Kafka | None], postgres: Future[Postgres | None]) -> None:
    if kafka.exception() is None and (started := kafka.result()):
        stop_kafka(started.process)
    if postgres.exception() is None and (server := postgres.result()):
        stop_postgres(server.process)


def _services(settings: Settings, kafka: Kafka | None, postgres: Postgres | None) -> Services:
    return Services(
        kafka=kafka.address if kafka else str(settings.kafka),
        database=postgres.conninfo if postgres else str(settings.database),
        kafka_process=kafka.process if kafka else None,
        postgres_process=postgres.process if postgres else None,
        kafka_access=settings.kafka_access,
    )
