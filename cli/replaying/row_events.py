"""Turns a row into the events that its mapping names: all of them, or a reason for none."""

from collections.abc import Callable
from collections.abc import Mapping as Table
from dataclasses import dataclass
from typing import Any

import msgspec

from cli.replaying.conditions import Predicate, compile_conditions
from cli.replaying.fields import Fill, compile_field, compile_money, constant_of
from cli.replaying.mapping import ATTRIBUTES, SYNTHESIZED, EventMapping, Mapping
from cli.replaying.mapping_parts import TimeFromColumn, Value
from cli.replaying.rows import Row, RowRefusedError
from cli.replaying.times import Clock, compile_time
from schemas.events import InvalidEvent

Check = Callable[[bytes], object]
"""The contract: raises InvalidEvent for bytes that it refuses."""

Fields = Table[str, Value | None]

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True)
class _Filled:
    """The fields of an object: those that all rows share, and those that a row fills."""

    shared: dict[str, Any]
    by_row: tuple[tuple[str, Fill], ...]

    def of(self, row: Row) -> dict[str, Any]:
        """Return a new object for a row; what the row leaves empty is left out."""
        fields = dict(self.shared)
        for name, fill in self.by_row:
            value = fill(row)
            if value is not None:
                fields[name] = value
        return fields


@dataclass(frozen=True)
class _CompiledEvent:
    name: str
    when: Predicate
    attributes: _Filled
    time: Clock
    data: _Filled
    amount: Callable[[Row], tuple[str | int, str]] | None


class RowEvents:
    """A compiled mapping."""

    def __init__(self, mapping: Mapping, check: Check) -> None:
        self._check = check
        self._refusals = [(rule.reason, compile_conditions(rule.when)) for rule in mapping.refuse]
        self._events = _compile_events(mapping)

    def of(self, row: Row) -> list[bytes]:
        """Return the row's events, encoded and checked; raises RowRefusedError."""
        for reason, holds in self._refusals:
            if holds(row):
                raise RowRefusedError(reason)
        return [self._checked(event, row) for event in self._events if event.when(row)]

    def _checked(self, event: _CompiledEvent, row: Row) -> bytes:
        try:
            encoded = _ENCODER.encode(_envelope(event, row))
            self._check(encoded)
        except UnicodeEncodeError as error:
            raise RowRefusedError(f"event {event.name!r}: no valid text in a cell") from error
        except InvalidEvent as error:
            reason = f"event {event.name!r}, {error.field}: {error.rule}"
            raise RowRefusedError(reason, error.detail) from error
        return encoded


def _compile_events(mapping: Mapping) -> list[_CompiledEvent]:
    clocks: dict[str, Clock] = {}
    compiled = []
    for event in mapping.event:
        place = f"event {event.name!r}"
        clocks[event.name] = compile_time(event.time, f"{place}, time", clocks)
        compiled.append(_compile_event(mapping, event, place, clocks[event.name]))
    return compiled


def _compile_event(
    mapping: Mapping, event: EventMapping, place: str, clock: Clock
) -> _CompiledEvent:
    own = {name: mapping.attribute(event, name) for name in ATTRIBUTES}
    attributes = {"id": event.id, "source": event.source or mapping.source, **own}
    marks = {} if isinstance(event.time, TimeFromColumn) else {SYNTHESIZED: True}
    return _CompiledEvent(
        name=event.name,
        when=compile_conditions(event.when),
        attributes=_filled({"specversion": "1.0", "type": event.type}, attributes, f"{place}, "),
        time=clock,
        data=_filled(marks, event.data, f"{place}, data."),
        amount=compile_money(event.amount, f"{place}, amount") if event.amount else None,
    )


def _filled(shared: dict[str, Any], fields: Fields, place: str) -> _Filled:
    by_row: list[tuple[str, Fill]] = []
    shared = dict(shared)
    for name, value in fields.items():
        constant = constant_of(value) if value is not None else None
        if constant is not None:
            shared[name] = constant
        elif value is not None:
            by_row.append((name, compile_field(value, f"{place}{name}")))
    return _Filled(shared, tuple(by_row))


def _envelope(event: _CompiledEvent, row: Row) -> dict[str, Any]:
    envelope = event.attributes.of(row)
    envelope["time"] = event.time(row)
    data = envelope["data"] = event.data.of(row)
    if event.amount is not None:
        data["amount"], data["currency"] = event.amount(row)
    return envelope
