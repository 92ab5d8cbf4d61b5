"""A mapping: how the rows of one kind of file become events. Wrong ones are refused by key."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cli.replaying.mapping_parts import (
    FROM_LIST,
    Attribute,
    Condition,
    FromColumn,
    Money,
    Part,
    Text,
    Time,
    TimeFromColumn,
    TimeOffset,
    Value,
)
from cli.replaying.templates import Template

SYNTHESIZED = "time_synthesized"
"""The field of `data` that marks a time as made up; only the replay sets it."""
ATTRIBUTES = ("account", "contact", "campaign", "content", "channel", "deal")


class FileOptions(Part):
    """How to read the file; the format follows the file's name where it is not given."""

    format: Literal["csv", "jsonl", "parquet"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: Literal["utf-8", "latin-1", "cp1252", "utf-16"] = "utf-8"


class Refusal(Part):
    """Rows to leave out when all conditions hold, and the reason that is shown for them."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]
    when: Annotated[tuple[Condition, ...], Field(min_length=1), FROM_LIST]


class Attributes(Part):
    """What a touch belongs to; given once for every event, or at an event."""

    account: Attribute | None = None
    contact: Attribute | None = None
    campaign: Attribute | None = None
    content: Attribute | None = None
    channel: Attribute | None = None
    deal: Attribute | None = None


class EventMapping(Attributes):
    """One event that a row can give."""

    name: Annotated[str, Field(min_length=1)]
    type: Annotated[str, Field(min_length=1)]
    id: Text
    time: Time
    source: Text | None = None
    amount: Money | None = None
    data: dict[str, Value] = Field(default={})
    when: Annotated[tuple[Condition, ...], FROM_LIST] = ()

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.id.constant is not None:
            raise ValueError("id: names {row} or a column, or all rows would be one event")
        taken = {SYNTHESIZED} | ({"amount", "currency"} if self.amount else set())
        for key in self.data.keys() & taken:
            raise ValueError(f"data.{key}: set by the replay itself")
        return self


class Mapping(Part):
    """All that a mapping file says."""

    source: Text
    file: FileOptions = FileOptions()
    every_event: Attributes = Attributes()
    refuse: Annotated[tuple[Refusal, ...], FROM_LIST] = ()
    event: Annotated[tuple[EventMapping, ...], Field(min_length=1), FROM_LIST]

    @model_validator(mode="after")
    def _events_fit_together(self) -> Self:
        names: list[str] = []
        for event in self.event:
            _check_place(event, names)
            self._check_belonging(event)
            names.append(event.name)
        self._check_ids()
        return self

    def attribute(self, event: EventMapping, name: str) -> Template | FromColumn | None:
        """Return what fills an attribute of an event: its own rule, else that of every event."""
        own: Template | FromColumn | None = getattr(event, name)
        return own if own is not None else getattr(self.every_event, name)

    @property
    def columns(self) -> frozenset[str]:
        """Every column that the mapping reads."""
        return frozenset(_columns(self))

    def _check_belonging(self, event: EventMapping) -> None:
        if not self.attribute(event, "account") and not self.attribute(event, "contact"):
            raise ValueError(f"event {event.name!r}: has an account, a contact, or both")
        if event.type.startswith("deal.") and not self.attribute(event, "deal"):
            raise ValueError(f"event {event.name!r}: deal: required for {event.type}")

    def _check_ids(self) -> None:
        owners: dict[object, str] = {}
        for event in self.event:
            identity = (event.source or self.source, event.id)
            if identity in owners:
                raise ValueError(
                    f"event {event.name!r}: id: also the id of event {owners[identity]!r}, "
                    "so one of the two would count as a repetition"
                )
            owners[identity] = event.name


def _check_place(event: EventMapping, earlier: list[str]) -> None:
    if event.name in earlier:
        raise ValueError(f"event {event.name!r}: name: every event has its own")
    if isinstance(event.time, TimeOffset) and event.time.after not in earlier:
        known = ", ".join(earlier) or "none"
        raise ValueError(
            f"event {event.name!r}: time.after: {event.time.after!r} is no earlier event ({known})"
        )


def _columns(mapping: Mapping) -> Iterator[str]:
    yield from mapping.source.columns
    for refusal in mapping.refuse:
        yield from (condition.column for condition in refusal.when)
    for event in mapping.event:
        yield from event.id.columns
        yield from event.source.columns if event.source else ()
        yield from (condition.column for condition in event.when)
        for value in (*_attributes(mapping, event), *event.data.values()):
            yield from _value_columns(value)
        if isinstance(event.time, TimeFromColumn):
            yield event.time.column
        if event.amount:
            yield event.amount.column
            yield from [event.amount.currency_column] if event.amount.currency_column else []


def _attributes(mapping: Mapping, event: EventMapping) -> Iterator[Template | FromColumn | None]:
    for name in ATTRIBUTES:
        yield mapping.attribute(event, name)


def _value_columns(value: object) -> frozenset[str]:
    if isinstance(value, Template):
        return value.columns
    return frozenset({value.column}) if isinstance(value, FromColumn) else frozenset()
