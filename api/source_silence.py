"""Whether a source of events has fallen silent, judged by its own past. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from schemas.insight_sentences import alarm_of_source
from schemas.insights import Alarm
from storage.event_sources import EventSource

KNOWN_FOR = timedelta(days=7)
"""A week holds a weekend: before it, nobody knows what pauses are usual."""
SHORTEST_SILENCE = timedelta(days=1)
TIMES_LONGEST_PAUSE = 2

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)


def changed_silence(sources: Iterable[EventSource], *, now: datetime) -> Iterator[Alarm]:
    """Yield every source that fell silent, or is heard of again, since it was told of."""
    for source in sources:
        is_silent = is_source_silent(source, now=now)
        if is_silent != source.is_said_silent:
            yield alarm_of_source(source.source, is_raised=is_silent)


def is_source_silent(source: EventSource, *, now: datetime) -> bool:
    """Tell whether it has been silent for a day, and twice as long as ever before."""
    if now - source.known_since < KNOWN_FOR:
        return False
    pause = now - (_EPOCH + source.last_us * _MICROSECOND)
    usual = TIMES_LONGEST_PAUSE * source.longest_pause_us * _MICROSECOND
    return pause > max(usual, SHORTEST_SILENCE)
