"""The identity of topics: a topic that was deleted and made again has another id."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from uuid import UUID

from kafka import KafkaAdminClient
from kafka.errors import KafkaTimeoutError, NoError, for_code

from storage.kafka_access import PLAINTEXT, KafkaAccess
from storage.kafka_trouble import servers_of


class TopicNotReadyError(Exception):
    """A topic that the worker reads does not exist, or the broker cannot describe it."""

    def __init__(self, topic: str, reason: str) -> None:
        self.topic = topic
        super().__init__(
            f"Topic {topic} cannot be read: {reason}. Create the topics before starting a worker."
        )


def topic_ids(
    bootstrap: str,
    topics: Collection[str],
    wait_seconds: float = 10.0,
    *,
    access: KafkaAccess = PLAINTEXT,
) -> Mapping[str, UUID]:
    """Ask the broker for the ids of these topics; blocks, so call it in a thread from a loop.

    Stored offsets are kept under the id, so a topic that was made again starts anew. Topics that
    are being made get `wait_seconds` to appear.
    """
    admin = KafkaAdminClient(bootstrap_servers=servers_of(bootstrap), **access.client_options())
    try:
        with suppress(KafkaTimeoutError):
            admin.wait_for_topics(list(topics), timeout_ms=int(wait_seconds * 1000))
        described = admin.describe_topics(list(topics))
    finally:
        admin.close()
    return {topic["name"]: _id_of(topic["name"], topic) for topic in described}


def _id_of(name: str, topic: Mapping[str, object]) -> UUID:
    error = for_code(topic["error_code"])
    if error is not NoError:
        raise TopicNotReadyError(name, error.__name__)
    return UUID(str(topic["topic_id"]))
