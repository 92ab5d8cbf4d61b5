"""Writes events to the topic `events.inbox`; the intake agent judges them there."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kafka import KafkaProducer
from kafka.errors import KafkaError

from cli.replaying.targets import Answer, TargetError
from cli.topics import check_access
from schemas.catalog import INBOX
from storage.kafka_access import PLAINTEXT, KafkaAccess
from storage.kafka_trouble import servers_of

ACKNOWLEDGED_SECONDS = 60
CONNECT_SECONDS = 15


class KafkaInbox:
    """A target that counts an event as accepted once all in-sync replicas have it."""

    def __init__(self, producer: KafkaProducer, bootstrap: str) -> None:
        self._producer = producer
        self.name = f"kafka:{bootstrap}/{INBOX.name}"

    async def send(self, batch: Sequence[bytes]) -> Answer:
        """Write the batch and wait for the broker."""
        return await asyncio.to_thread(self._send, batch)

    def _send(self, batch: Sequence[bytes]) -> Answer:
        try:
            pending = [self._producer.send(INBOX.name, value=event) for event in batch]
            for future in pending:
                future.get(timeout=ACKNOWLEDGED_SECONDS)
        except KafkaError as error:
            raise TargetError(
                f"Kafka did not take the events ({error}). "
                "Run the same command again: it continues from the last batch that was taken."
            ) from error
        return Answer(len(batch))


@contextmanager
def kafka_inbox(bootstrap: str, access: KafkaAccess = PLAINTEXT) -> Iterator[KafkaInbox]:
    """Yield a target for the cluster at `bootstrap`."""
    options = check_access(bootstrap, access)
    try:
        producer = KafkaProducer(
            bootstrap_servers=servers_of(bootstrap),
            bootstrap_timeout_ms=CONNECT_SECONDS * 1_000,
            acks="all",
            linger_ms=5,
            enable_idempotence=True,
            **options,
        )
    except KafkaError as error:
        raise TargetError(f"No Kafka broker answers at {bootstrap} ({error}).") from error
    try:
        yield KafkaInbox(producer, bootstrap)
    finally:
        producer.close()
