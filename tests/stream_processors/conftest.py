"""A broker to read from: the one that ROUNDTABLE_KAFKA names, else one started for the session."""

import os
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient

from tests.services import KafkaBroker, topics_of


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[KafkaBroker]:
    """A running broker on which every test makes its own topics."""
    address = os.environ.get("ROUNDTABLE_KAFKA")
    if address is None:
        yield request.getfixturevalue("kafka_broker")
        return
    admin = KafkaAdminClient(bootstrap_servers=address)
    yield KafkaBroker(address, topics_of(admin))
    admin.close()
