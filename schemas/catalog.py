"""The topics, one row each: everything that creates, reads or documents a topic reads this."""

from dataclasses import dataclass

DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Topic:
    """One topic of the log: who writes it, who reads it, how it is keyed and kept."""

    name: str
    contract: str
    key: str
    partitions: int
    retention_ms: int | None
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    dead_letters: str | None = None
    compacted: bool = False


INBOX = Topic(
    name="events.inbox",
    contract="event",
    key="any",
    partitions=4,
    retention_ms=7 * DAY_MS,
    producers=("event sources that write to Kafka",),
    consumers=("stream_processors: intake agent",),
    dead_letters="events.dead-letter",
)
EVENTS = Topic(
    name="events",
    contract="event",
    key="account, else contact:<id>",
    partitions=4,
    retention_ms=30 * DAY_MS,
    producers=("api: gateway", "stream_processors: intake agent"),
    consumers=("stream_processors: attribution agent",),
    dead_letters="events.dead-letter",
)
DEAD_LETTERS = Topic(
    name="events.dead-letter",
    contract="dead-letter",
    key="place of the refused record",
    partitions=1,
    retention_ms=90 * DAY_MS,
    producers=("stream_processors: intake agent", "stream_processors: attribution agent"),
    consumers=("people who repair and replay",),
)
INSIGHTS = Topic(
    name="insights",
    contract="insight",
    key="experiment/<key>, source/<source> or webhook/<id>",
    partitions=1,
    retention_ms=90 * DAY_MS,
    producers=("api: insight publisher",),
    consumers=("other systems",),
)
REGISTRY = Topic(
    name="registry",
    contract="definition",
    key="experiment/<key>",
    partitions=1,
    retention_ms=None,
    producers=("stream_processors: registry publisher",),
    consumers=("other systems",),
    compacted=True,
)
TOPICS = (INBOX, EVENTS, DEAD_LETTERS, INSIGHTS, REGISTRY)
