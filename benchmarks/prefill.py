"""Writes events to a topic as fast as it takes them, partitioned as Kafka's own producer does."""

import asyncio
from collections import deque
from collections.abc import Iterable

import numpy as np
from aiokafka import AIOKafkaProducer
from numpy.typing import NDArray

from cli.company.typical import Integers, Rows, Templates, account_names

BATCH_BYTES = 512 * 1024
IN_FLIGHT = 16
"""Batches that wait for the broker at most: what is written is never held as a whole."""


async def prefill(kafka: str, topic: str, templates: Templates, chunks: Iterable[Rows]) -> int:
    """Write the events with their accounts as keys; return how many. Each is acknowledged."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_batch_size=BATCH_BYTES)
    written, waiting = 0, deque[asyncio.Future[object]]()
    async with producer:
        partitions = len(await producer.partitions_for(topic))
        for rows in chunks:
            await _write(producer, topic, partitions, templates, rows, waiting)
            written += len(rows)
        while waiting:
            await waiting.popleft()
    return written


def partitions_of(keys: NDArray[np.uint8], partitions: int) -> Integers:
    """Return the partition of each key, one key a row: Kafka's murmur2, as its producer does."""
    return (_murmur2(keys) & np.uint32(0x7FFFFFFF)).astype(np.int64) % partitions


async def _write(
    producer: AIOKafkaProducer,
    topic: str,
    partitions: int,
    templates: Templates,
    rows: Rows,
    waiting: "deque[asyncio.Future[object]]",
) -> None:
    names = account_names(rows.accounts)
    text, width = names.tobytes(), names.shape[1]
    events = templates.write(rows)
    of_partition = partitions_of(names, partitions)
    for partition in range(partitions):
        builder = producer.create_batch()
        for place in np.flatnonzero(of_partition == partition).tolist():
            key = text[place * width : (place + 1) * width]
            if builder.append(key=key, value=events[place], timestamp=None) is None:
                await _send(producer, builder, topic, partition, waiting)
                builder = producer.create_batch()
                builder.append(key=key, value=events[place], timestamp=None)
        if builder.record_count():
            await _send(producer, builder, topic, partition, waiting)


async def _send(
    producer: AIOKafkaProducer,
    builder: object,
    topic: str,
    partition: int,
    waiting: "deque[asyncio.Future[object]]",
) -> None:
    waiting.append(await producer.send_batch(builder, topic, partition=partition))
    while len(waiting) > IN_FLIGHT:
        await waiting.popleft()


def _murmur2(keys: NDArray[np.uint8]) -> NDArray[np.uint32]:
    count, width = keys.shape
    m = np.uint32(0x5BD1E995)
    whole = width // 4 * 4
    words = np.ascontiguousarray(keys[:, :whole]).view("<u4")
    h = np.full(count, np.uint32(0x9747B28C ^ width), np.uint32)
    for number in range(whole // 4):
        k = words[:, number] * m
        k = (k ^ (k >> np.uint32(24))) * m
        h = (h * m) ^ k
    if width > whole:
        tail = np.zeros(count, np.uint32)
        for place in range(whole, width):
            tail |= keys[:, place].astype(np.uint32) << np.uint32(8 * (place - whole))
        h = (h ^ tail) * m
    h = (h ^ (h >> np.uint32(13))) * m
    return h ^ (h >> np.uint32(15))
