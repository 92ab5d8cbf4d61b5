"""The real API on a fresh topic of a real broker."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from api.app import build_app
from tests.api.house import House
from tests.api.serving import Logged, read_log, serving, settings, wait_for
from tests.api.shared_house import open_house
from tests.services import KafkaBroker


@dataclass(frozen=True)
class Gateway:
    """A running API, the broker behind it and the topic it writes to."""

    client: httpx.Client
    broker: str
    topic: str

    def log(self) -> list[Logged]:
        """Everything that was written."""
        return read_log(self.broker, self.topic)


@pytest.fixture
def gateway(kafka_broker: KafkaBroker) -> Iterator[Gateway]:
    """An API without a database: the gateway needs none."""
    topic = kafka_broker.create_topic("events", partitions=4)
    app = build_app(settings(kafka=kafka_broker.address), events_topic=topic)
    with serving(app) as client:
        wait_for(lambda: not app.state.services.log.is_stalled)
        yield Gateway(client, kafka_broker.address, topic)


@dataclass(frozen=True)
class Registry:
    """A running API and the database behind it; there is no broker."""

    client: httpx.Client
    database: str


@pytest.fixture
def registry(database: str) -> Iterator[Registry]:
    """An API without a broker: registering and reading need none."""
    app = build_app(settings(database=database))
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        yield Registry(client, database)


@pytest.fixture
def house(database: str) -> Iterator[House]:
    """An API with a database, in which nobody is signed in yet."""
    with open_house(database) as found:
        yield found
