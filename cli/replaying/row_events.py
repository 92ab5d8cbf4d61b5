"""Turns a row into the events that its mapping names: all of them, or a reason for none."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from cli.replaying.conditions import Predicate, compile_conditions
from cli.replaying.fields import Fill, compile_field, compile_money
from cli.replaying.mapping import ATTRIBUTES, SYNTHESIZED, EventMapping, Mapping
from cli.replaying.mapping_parts import TimeFromColumn
from cli.replaying.rows import Row, RowRefusedError
from cli.replaying.times import Clock, compile_time
from schemas.events import InvalidEvent

Check = Callable[[bytes], object]
"""The contract: raises InvalidEvent for bytes that it refuses."""

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True)
class _CompiledEvent:
    name: str
    when: Predicate
    fixed: dict[str, Any]
    attributes: tuple[tuple[str, Fill], ...]
    time: Clock
    data: tuple[tuple[str, Fill], ...]
    amount: Callable[[Row], tuple[str | int, str]] | None
    is_synthesized: bool


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
    return _CompiledEvent(
        name=event.name,
        when=compile_conditions(event.when),
        fixed={"specversion": "1.0", "type": event.type},
        attributes=tuple(
            (name, compile_field(value, f"{place}, {name}"))
            for name, value in attributes.items()
            if value is not None
        ),
        time=clock,
        data=tuple(
            (name, compile_field(value, f"{place}, data.{name}"))
            for name, value in event.data.items()
        ),
        amount=compile_money(event.amount, f"{place}, amount") if event.amount else None,
        is_synthesized=not isinstance(event.time, TimeFromColumn),
    )


def _envelope(event: _CompiledEvent, row: Row) -> dict[str, Any]:
    envelope = dict(event.fixed)
    for name, fill in event.attributes:
        value = fill(row)
        if value is not None:
            envelope[name] = value
    envelope["time"] = _text(event.time(row))
    envelope["data"] = _data(event, row)
    return envelope


def _data(event: _CompiledEvent, row: Row) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, fill in event.data:
        value = fill(row)
        if value is not None:
            data[name] = value
    if event.amount is not None:
        data["amount"], data["currency"] = event.amount(row)
    if event.is_synthesized:
        data[SYNTHESIZED] = True
    return data


def _text(moment: datetime) -> str:
    return moment.isoformat()
