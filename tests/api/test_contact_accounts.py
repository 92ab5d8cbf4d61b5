"""Events of a contact alone go where the history of the contact's account is."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from api.app import build_app
from tests.api.conftest import Gateway
from tests.api.events import page_view
from tests.api.serving import read_log, serving, settings, wait_for
from tests.services import KafkaBroker

pytestmark = pytest.mark.stack


@pytest.fixture
def linked(kafka_broker: KafkaBroker, database: str) -> Iterator[Gateway]:
    """A gateway whose database knows one contact of acme.example and one of nobody."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO contacts VALUES ('c-1', 'acme.example'), ('c-2', 'contact:c-2')"
        )
    topic = kafka_broker.create_topic("events", partitions=4)
    app = build_app(settings(kafka=kafka_broker.address, database=database), events_topic=topic)
    with serving(app) as client:
        wait_for(lambda: client.get("/healthz").status_code == 200)
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        wait_for(lambda: not app.state.services.log.is_stalled)
        yield Gateway(client, kafka_broker.address, topic)


def keys_by_id(gateway: Gateway) -> dict[str, str]:
    log = read_log(gateway.broker, gateway.topic)
    return {json.loads(record.value)["id"]: record.key.decode() for record in log}


def test_a_linked_contact_is_keyed_by_its_account(linked: Gateway) -> None:
    events = [
        page_view(f"e-{contact}", account=None, contact=contact)
        for contact in ("c-1", "c-2", "c-3")
    ]

    linked.client.post("/v1/events", json=events)

    assert keys_by_id(linked) == {
        "e-c-1": "acme.example",
        "e-c-2": "contact:c-2",
        "e-c-3": "contact:c-3",
    }


def test_an_account_that_the_event_names_goes_before_the_one_that_is_known(linked: Gateway) -> None:
    linked.client.post("/v1/events", json=page_view("e1", account="other.example", contact="c-1"))

    assert keys_by_id(linked) == {"e1": "other.example"}


def test_a_link_in_the_same_request_counts_for_a_contact_that_nobody_knows(
    linked: Gateway,
) -> None:
    link = page_view(
        "link", type="identity.linked", account="new.example", contact="c-9", data=None
    )

    linked.client.post("/v1/events", json=[link, page_view("e1", account=None, contact="c-9")])

    assert keys_by_id(linked)["e1"] == "new.example"


def test_a_later_link_is_not_overlooked_for_long(linked: Gateway, database: str) -> None:
    linked.client.post("/v1/events", json=page_view("before", account=None, contact="c-3"))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO contacts VALUES ('c-3', 'late.example')")
    link = page_view("link", type="identity.linked", account="late.example", contact="c-3", data={})
    linked.client.post("/v1/events", json=link)

    linked.client.post("/v1/events", json=page_view("after", account=None, contact="c-3"))

    found = keys_by_id(linked)
    assert (found["before"], found["after"]) == ("contact:c-3", "late.example")


def test_a_database_that_does_not_answer_costs_no_event(linked: Gateway, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE contacts")  # until the transaction ends

        answer = linked.client.post("/v1/events", json=page_view("e1", account=None, contact="c-1"))

    assert answer.status_code == 202
    assert keys_by_id(linked) == {"e1": "contact:c-1"}
