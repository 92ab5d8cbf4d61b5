"""Real services for tests: one PostgreSQL and one Kafka per session, a fresh database per test."""

import contextlib
import itertools
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cli.kafka_server import KafkaHome, running_kafka
from cli.postgres_server import PostgresHome, running_postgres
from cli.settings import Settings
from tests.databases import Databases, drop, execute

TEMPLATE = "roundtable_template"
# Tests kill the server on purpose, but no test survives a crash of the machine.
FAST_AND_FORGETFUL = ("fsync=off", "full_page_writes=off", "max_connections=200")


@dataclass(frozen=True)
class KafkaBroker:
    """A running broker; every test makes topics of its own on it."""

    address: str
    create_topic: Callable[..., str]


@contextlib.contextmanager
def open_directory(prefix: str) -> Iterator[Path]:
    """Make a directory that the user PostgreSQL runs as under root can reach, unlike tmp_path."""
    directory = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def service_settings() -> Settings:
    """Settings that never collide with a stack that a person runs: every port is a free one."""
    chosen = Settings.from_env(os.environ)
    return replace(chosen, kafka=None, database=None, kafka_port=0, database_port=0, http_port=0)


@pytest.fixture(scope="session")
def postgres_server(service_settings: Settings) -> Iterator[str]:
    """One embedded PostgreSQL for the session; yields a conninfo with every right."""
    with open_directory("roundtable-postgres-") as directory:
        home = PostgresHome(directory / "postgres", directory / "log", directory)
        with running_postgres(home, service_settings.database_port, FAST_AND_FORGETFUL) as postgres:
            yield postgres.conninfo


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str) -> str:
    """Migrate one database that every test's database is a copy of."""
    from storage import migrate  # noqa: PLC0415 - tests without a database need no storage

    execute(postgres_server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate.apply(make_conninfo(postgres_server, dbname=TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def databases(postgres_server: str, migrated_template: str) -> Databases:
    """Lends migrated databases; a module that shares one takes it with `copied`."""
    return Databases(postgres_server, migrated_template)


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """A migrated, empty database for one test; yields its conninfo."""
    yield databases.take()
    databases.give_back()


@pytest.fixture
def empty_database(postgres_server: str) -> Iterator[str]:
    """A database without any table, for tests of the migrations; yields its conninfo."""
    name = "empty"
    execute(postgres_server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    conninfo = make_conninfo(postgres_server, dbname=name)
    yield conninfo
    drop(postgres_server, conninfo)


@pytest.fixture(scope="session")
def kafka_broker(service_settings: Settings) -> Iterator[KafkaBroker]:
    """One real broker for the session; `create_topic(name, partitions=1)` makes a topic anew."""
    with open_directory("roundtable-kafka-") as directory:
        home = KafkaHome(directory / "kafka", directory / "log", directory)
        with running_kafka(home, service_settings) as kafka:
            admin = KafkaAdminClient(bootstrap_servers=kafka.address)
            yield KafkaBroker(kafka.address, topics_of(admin))
            admin.close()


def topics_of(admin: KafkaAdminClient) -> Callable[..., str]:
    """Return what makes topics with names that no other session on the same broker uses."""
    session = uuid.uuid4().hex[:8]
    numbers = itertools.count(1)

    def create_topic(
        name: str = "topic", *, partitions: int = 1, configs: dict[str, str] | None = None
    ) -> str:
        fresh = f"{name}-{session}-{next(numbers)}"
        options = {
            "num_partitions": partitions,
            "replication_factor": 1,
            "configs": configs or {},
        }
        admin.create_topics({fresh: options}, wait_for_metadata=True)
        return fresh

    return create_topic
