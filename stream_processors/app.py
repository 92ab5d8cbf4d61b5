"""Puts a Faust app together from its parts: nothing is discovered, nothing runs at import."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import faust
from faust.app.base import BootStrategy
from faust.types import AppT
from faust.types.transports import TransportT
from mode import CrashingSupervisor

from stream_processors.delivery import Handler, deliver_to
from stream_processors.reading import Fetched
from stream_processors.settings import KafkaSettings
from stream_processors.transport import BatchConsumer, BatchTransport, StartOffsets

# Batches that may wait in front of an agent: one being handled, one ready, one arriving.
QUEUED_BATCHES = 2


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic and the handler of its batches."""

    topic: str
    handle: Handler


class _PassThrough(faust.Schema[None, Fetched]):
    """Leaves a batch as the transport made it: decoding is the handler's job."""

    def compile(self, app: AppT, **_: Any) -> Any:
        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ARG001
            return app.create_event(None, message.value, {}, message)

        return decode


class _ReadOnly(BootStrategy):
    """Starts no producer: what a handler sends it sends itself, and waits for the answer."""

    enable_kafka_producer = False


class StreamApp(faust.App):
    """A Faust app that reads through the batch transport and keeps nothing on disk."""

    BootStrategy = _ReadOnly

    def __init__(self, kafka: KafkaSettings, start_offsets: StartOffsets) -> None:
        self._kafka = kafka
        self._start_offsets = start_offsets
        super().__init__(
            kafka.group,
            broker=[f"kafka://{server}" for server in kafka.bootstrap_servers],
            broker_commit_interval=kafka.commit_interval_seconds,
            broker_session_timeout=kafka.session_timeout_seconds,
            broker_request_timeout=kafka.request_timeout_seconds,
            agent_supervisor=CrashingSupervisor,
            stream_buffer_maxsize=QUEUED_BATCHES,
            stream_wait_empty=True,
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
        )

    def batch_consumer(self) -> BatchConsumer:
        """The app's consumer, which exists once the app has been started."""
        return cast(BatchConsumer, self.consumer)

    def _new_transport(self) -> TransportT:
        return BatchTransport(self.conf.broker_consumer, self, self._kafka, self._start_offsets)

    def _create_directories(self) -> None:
        """Make none: Faust keeps its tables there, and there are none."""


def build_app(
    kafka: KafkaSettings, subscriptions: Sequence[Subscription], start_offsets: StartOffsets
) -> StreamApp:
    """Build the app that hands the batches of each topic to its handler."""
    app = StreamApp(kafka, start_offsets)
    for subscription in subscriptions:
        topic = app.topic(subscription.topic, schema=_PassThrough())
        app.agent(topic, name=subscription.topic)(
            deliver_to(app.batch_consumer, subscription.handle)
        )
    return app
