"""The throughput benchmark's job by a stock Faust agent: its own transport, batches by `take`.

Units are in PostgreSQL: a Faust table is a dict in memory or in a RocksDB that its Python binding
builds from source, each change a message of its own to a changelog; the agent's limit is elsewhere
in any case, in the two asyncio tasks that the transport makes for each message. In its favour
beside what `pipeline_job` and `pipeline_tables` say: bytes are decoded by msgspec, not by Faust;
batches are large, and are written in a thread while the next one fills; nothing waits for the
commit of offsets, since PostgreSQL knows what was applied.
"""

import asyncio
import os
from collections.abc import Sequence

import faust
from pipeline_job import Attribution, Settings
from pipeline_tables import Tables

MOST, WITHIN_SECONDS = 10_000, 1.0


def build(settings: Settings) -> faust.App:
    """Return the app; its agent applies batches until it is stopped."""
    app = faust.App(
        settings.group,
        broker=f"kafka://{settings.kafka}",
        datadir=settings.state_dir,
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        broker_max_poll_records=MOST,
        stream_buffer_maxsize=4 * MOST,
        stream_wait_empty=False,
        worker_redirect_stdouts=False,
    )
    topic = app.topic(settings.topic, key_serializer="raw", value_serializer="raw")
    tables, attribution = Tables(settings.database), Attribution(settings)

    @app.agent(topic)  # type: ignore[untyped-decorator]
    async def attribute(stream: faust.StreamT) -> None:
        applied = tables.next_offsets()
        async for events in stream.take_events(MOST, within=WITHIN_SECONDS):
            messages = [event.message for event in events]
            new = [m for m in messages if m.offset >= applied.get(m.partition, 0)]
            applied |= {message.partition: message.offset + 1 for message in new}
            raws: Sequence[bytes] = [message.value for message in new]
            offsets = {message.partition: message.offset + 1 for message in new}
            await asyncio.to_thread(tables.apply, attribution, raws, offsets)

    return app


if __name__ == "__main__":
    faust.Worker(
        build(Settings.from_env(os.environ)), loglevel="warning"
    ).execute_from_commandline()
