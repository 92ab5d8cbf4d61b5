"""What a verification found, as a person reads it: a line for each place and value."""

from rich.console import Group, RenderableType
from rich.text import Text

from attribution.differences import Difference
from storage.verification import Verification
from storage.verified_log import VerifiedPartition

MOST_LINES = 50


def report_of(found: Verification) -> RenderableType:
    """Return the whole report, its verdict last."""
    parts: list[RenderableType] = [Text(line) for line in _looked_at(found)]
    # Lines and no table: places are long, and a line that is cut names nothing.
    parts += [Text(_line(one)) for one in found.differences[:MOST_LINES]]
    parts += [Text(f"Not recomputed: {sentence}", style="yellow") for sentence in found.unverified]
    parts.append(_verdict(found))
    return Group(*parts)


def _looked_at(found: Verification) -> list[str]:
    units = sum(one.recomputed.units for one in found.definitions)
    mixed = sum(one.recomputed.mixed_units for one in found.definitions)
    exposures = sum(one.recomputed.exposures for one in found.definitions)
    looked_at = (
        f"As of {found.at.isoformat(timespec='seconds')}: {found.events:,} events at "
        f"{found.homes:,} homes; {len(found.definitions):,} definitions with {units:,} units "
        f"({mixed:,} mixed) and {exposures:,} exposures ({exposures - units:,} repeated)."
    )
    return [looked_at, *(_partition(one) for one in found.partitions)]


def _partition(one: VerifiedPartition) -> str:
    place = f"{one.topic}[{one.partition}]"
    if one.next_offset is None:
        return f"{place}: never read; the log holds offsets {one.log_start} to {one.log_end}."
    return (
        f"{place}: stored up to offset {one.next_offset} of {one.log_end}; "
        f"{one.found.records:,} records looked for."
    )


def _line(one: Difference) -> str:
    stored, recomputed = (_value(value) for value in (one.stored, one.recomputed))
    return f"{one.check}: {one.place}: {one.field}: stored {stored}, recomputed {recomputed}"


def _value(value: str | None) -> str:
    return "nothing" if value is None else value


def _verdict(found: Verification) -> Text:
    if found.is_clean:
        return Text("Clean: nothing differs from its recomputation.", style="green")
    counted = ", ".join(f"{count:,} in {check}" for check, count in found.counts.items())
    shown = min(len(found.differences), MOST_LINES)
    total = sum(found.counts.values())
    more = "" if shown == total else f" The first {shown} are shown; --json has more."
    return Text(f"{total:,} differences: {counted}.{more}", style="red")
