"""The fixtures that every other test stands on give real, separate, empty services."""

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.services import KafkaBroker

pytestmark = pytest.mark.stack


def test_a_record_written_to_the_broker_is_read_back(kafka_broker: KafkaBroker) -> None:
    topic = kafka_broker.create_topic("events")
    producer = KafkaProducer(bootstrap_servers=kafka_broker.address, acks="all")

    producer.send(topic, b"value", key=b"key").get(timeout=10)
    producer.close()

    consumer = KafkaConsumer(bootstrap_servers=kafka_broker.address, consumer_timeout_ms=10_000)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    record = next(consumer)
    consumer.close()
    assert (record.key, record.value, record.offset) == (b"key", b"value", 0)


def test_every_topic_is_a_fresh_one(kafka_broker: KafkaBroker) -> None:
    assert kafka_broker.create_topic("events") != kafka_broker.create_topic("events")


def test_an_empty_database_holds_no_table(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()

    assert found == (0,)
