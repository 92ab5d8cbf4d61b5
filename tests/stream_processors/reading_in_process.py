"""Runs a worker inside a test until a condition holds, and fills topics for it."""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from stream_processors.app import StreamApp, Subscription, build_app
from stream_processors.delivery import Handler
from stream_processors.settings import KafkaSettings
from stream_processors.transport import StartOffsets
from stream_processors.worker import run


def settings_for(bootstrap: str, group: str | None = None, **changes: object) -> KafkaSettings:
    kafka = KafkaSettings(
        bootstrap=bootstrap,
        group=group or f"group-{uuid.uuid4().hex[:8]}",
        session_timeout_seconds=6.0,
        heartbeat_seconds=1.0,
        commit_interval_seconds=0.2,
    )
    return replace(kafka, **changes)  # type: ignore[arg-type]


async def run_until(
    condition: Callable[[], bool],
    kafka: KafkaSettings,
    topic: str,
    handle: Handler,
    start_offsets: StartOffsets,
) -> None:
    """Run one worker until the condition holds; fail when it does not within half a minute."""
    await run_app_until(condition, build_app(kafka, [Subscription(topic, handle)], start_offsets))


async def run_app_until(condition: Callable[[], bool], app: StreamApp) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run(app, stop))
    async with asyncio.timeout(30):
        while not (condition() or running.done()):  # noqa: ASYNC110 - a file may be what changes
            await asyncio.sleep(0.01)
    stop.set()
    await running


async def send(bootstrap: str, topic: str, values: Mapping[int, Iterable[bytes]]) -> None:
    """Append these values to these partitions, in order."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5) as producer:
        for partition, appended in values.items():
            for value in appended:
                await producer.send(topic, value, partition=partition)
        await producer.flush()


async def commit_to_kafka(
    bootstrap: str, group: str, offsets: Mapping[TopicPartition, int]
) -> None:
    """Commit offsets for a group as a foreign tool would."""
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
    ) as consumer:
        consumer.assign(list(offsets))
        await consumer.commit({tp: OffsetAndMetadata(at, "") for tp, at in offsets.items()})


async def committed_in_kafka(bootstrap: str, group: str, partition: TopicPartition) -> int | None:
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
    ) as consumer:
        consumer.assign([partition])
        return await consumer.committed(partition)
