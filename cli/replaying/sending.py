"""Sends a feed from where it was left: the position is written after every batch that was taken."""

from collections import Counter
from collections.abc import Callable
from itertools import islice

from cli.replaying.delivery import deliver
from cli.replaying.feed import Feed
from cli.replaying.pacing import Pace
from cli.replaying.position import Position, PositionFile
from cli.replaying.refused_file import RefusedSink
from cli.replaying.report import Report
from cli.replaying.targets import Answer, Target


async def send_feed(
    feed: Feed,
    target: Target,
    kept: PositionFile,
    *,
    refused: RefusedSink,
    pace: Pace,
    on_progress: Callable[[int], None],
) -> Report:
    """Deliver what the kept position leaves and return the figures of the replay as a whole."""
    position = kept.read()

    def note(sent: int, answer: Answer) -> None:
        nonlocal position
        position = position.after(sent, answer)
        kept.write(position)
        for event in answer.refused:
            refused.event(event)
        on_progress(position.events)

    events = feed.events()
    skipped = sum(1 for _ in islice(events, position.events))
    on_progress(skipped)
    await deliver(events, target, note, pace)
    kept.remove()
    return _report(feed, position, skipped)


def _report(feed: Feed, position: Position, skipped: int) -> Report:
    return Report(
        rows=feed.rows_read,
        refused_rows=Counter(feed.refused),
        events=position.events,
        accepted=position.accepted,
        refused_events=position.refused,
        continued_from=skipped,
    )
