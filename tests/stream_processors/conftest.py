"""A broker to read from: the one that ROUNDTABLE_KAFKA names, else one started for the session."""

import itertools
import os
import uuid
from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaAdminClient

from tests.services import KafkaBroker

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[KafkaBroker]:
    """A running broker on which every test makes its own topics."""
    address = os.environ.get("ROUNDTABLE_KAFKA")
    if address is None:
        yield request.getfixturevalue("kafka_broker")
        return
    admin = KafkaAdminClient(bootstrap_servers=address)
    yield KafkaBroker(address, _topics_of(admin))
    admin.close()


def _topics_of(admin: KafkaAdminClient) -> Callable[..., str]:
    session = uuid.uuid4().hex[:8]

    def create_topic(
        name: str = "topic", *, partitions: int = 1, configs: dict[str, str] | None = None
    ) -> str:
        fresh = f"{name}-{session}-{next(_numbers)}"
        options = {
            "num_partitions": partitions,
            "replication_factor": 1,
            "configs": configs or {},
        }
        admin.create_topics({fresh: options}, wait_for_metadata=True)
        return fresh

    return create_topic
