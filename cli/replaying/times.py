"""Compiles where the time of an event comes from; every time that comes out has an offset."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from cli.replaying.mapping_parts import Time, TimeByRow, TimeFromColumn
from cli.replaying.rows import Row, RowRefusedError

Clock = Callable[[Row], datetime]

_PER_SECOND = {"unix_s": 1, "unix_ms": 1_000}


def compile_time(time: Time, place: str, earlier: Mapping[str, Clock]) -> Clock:
    """Return the function that gives the time of a row; `earlier` holds those of its events."""
    if isinstance(time, TimeFromColumn):
        return _from_column(time, place)
    if isinstance(time, TimeByRow):
        start, step = time.start, time.step
        return lambda row: start + step * (row.number - 1)
    origin, by = earlier[time.after], time.by
    return lambda row: origin(row) + by


def _from_column(time: TimeFromColumn, place: str) -> Clock:
    column, parse = time.column, _parser(time)

    def time_of(row: Row) -> datetime:
        cell = row.cells[column]
        try:
            return parse(cell)
        except (ValueError, OverflowError, OSError) as error:
            rule = f"{place}: no time of the format {time.format!r}"
            raise RowRefusedError(rule, repr(cell)) from error

    return _located(time_of, time, place)


def _parser(time: TimeFromColumn) -> Callable[[str], datetime]:
    if time.format in _PER_SECOND:
        per_second = _PER_SECOND[time.format]
        return lambda cell: datetime.fromtimestamp(int(cell) / per_second, UTC)
    if time.format == "iso":
        return datetime.fromisoformat
    # The zone is added by `_located`, or the row refused.
    return lambda cell: datetime.strptime(cell, time.format)  # noqa: DTZ007


def _located(naive: Clock, time: TimeFromColumn, place: str) -> Clock:
    zone: tzinfo | None = None
    if time.timezone is not None:
        # UTC has no gaps to look for, and is the usual case.
        zone = UTC if time.timezone == "UTC" else ZoneInfo(time.timezone)

    def located(row: Row) -> datetime:
        moment = naive(row)
        if moment.tzinfo is not None:
            return moment
        if zone is None:
            raise RowRefusedError(f"{place}: no offset, and the mapping names no timezone")
        return moment.replace(tzinfo=UTC) if zone is UTC else _in_zone(moment, zone, place)

    return located


def _in_zone(moment: datetime, zone: tzinfo, place: str) -> datetime:
    """Return the instant; the first of an hour that comes twice; refuse a skipped one."""
    instant = moment.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != moment:
        raise RowRefusedError(f"{place}: the clocks skipped this time", moment.isoformat())
    return instant
