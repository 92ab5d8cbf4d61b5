"""Where a partition is read from: the stored position, checked against the log that is there."""

from faust.types import TP


class PositionLostError(Exception):
    """A stored position lies outside the partition's log, so going on would skip or repeat records.

    Below the log: records were deleted before they were processed; raise the topic's retention and
    replay them from their source, then set the stored position by hand. Above the log: the log was
    cut back, or the topic was made again while the worker ran; then starting it again is enough.
    """

    def __init__(self, partition: TP, position: int, log_start: int, log_end: int) -> None:
        self.partition = partition
        self.position = position
        self.log_start = log_start
        self.log_end = log_end
        super().__init__(
            f"Topic {partition.topic} partition {partition.partition}: the stored position "
            f"{position} is outside the log, which holds offsets {log_start} to {log_end}. "
            f"{_consequence(position, log_start, log_end)}"
        )


def _consequence(position: int, log_start: int, log_end: int) -> str:
    if position < log_start:
        return f"{log_start - position} offsets were deleted before they were processed."
    return (
        f"{position - log_end} processed offsets are no longer in the log. If the topic was made "
        "again, start the worker again: it begins at the new topic's beginning."
    )


def start_offset(partition: TP, stored: int | None, log_start: int, log_end: int) -> int:
    """Say where to read on; a partition without a stored position starts at its beginning."""
    if stored is None:
        return log_start
    if not log_start <= stored <= log_end:
        raise PositionLostError(partition, stored, log_start, log_end)
    return stored
