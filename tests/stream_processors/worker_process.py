"""A worker of its own process, for tests that kill, stop or freeze one."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from stream_processors.app import Subscription, build_app
from stream_processors.batches import Batch
from stream_processors.settings import KafkaSettings
from stream_processors.worker import run
from tests.stream_processors.offset_table import OffsetTable


async def main() -> None:
    arguments = _arguments()
    table = OffsetTable(arguments.table, arguments.worker)

    async def handle(batch: Batch) -> None:
        if any(record.value == b"poison" for record in batch.records):
            raise ValueError("A record that the handler cannot take.")
        sys.stdout.write("handling\n")
        sys.stdout.flush()
        await asyncio.sleep(arguments.pause)
        await table.apply(batch)

    kafka = KafkaSettings(
        bootstrap=arguments.kafka,
        group=arguments.group,
        instance=arguments.instance,
        max_batch_records=arguments.max_batch_records,
        max_fetch_bytes=4096,
        session_timeout_seconds=6.0,
        heartbeat_seconds=1.0,
        commit_interval_seconds=0.2,
    )
    app = build_app(kafka, [Subscription(arguments.topic, handle)], table.start_offsets)
    await run(app)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("--kafka", "--topic", "--group", "--worker"):
        parser.add_argument(name, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--instance")
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--max-batch-records", type=int, default=50)
    return parser.parse_args()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main())
