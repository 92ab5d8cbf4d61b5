"""The identity of topics on a real broker."""

import pytest
from kafka import KafkaAdminClient

from stream_processors.topics import TopicNotReadyError, topic_ids

pytestmark = pytest.mark.stack


def test_a_topic_that_is_made_again_has_another_id(broker):
    topic = broker.create_topic()
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    before = topic_ids(broker.address, [topic])
    admin.delete_topics([topic])
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
    admin.close()

    after = topic_ids(broker.address, [topic])

    assert before.keys() == after.keys() == {topic}
    assert before[topic] != after[topic]


def test_a_topic_that_does_not_exist_is_an_error_that_names_it(broker):
    with pytest.raises(TopicNotReadyError, match="Topic missing cannot be read"):
        topic_ids(broker.address, ["missing"], wait_seconds=0.1)
