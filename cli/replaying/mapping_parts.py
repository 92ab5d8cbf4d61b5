"""The parts of a mapping as a person writes them: conditions, values, amounts and times."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from cli.replaying.templates import Template, TemplateError, parse_template

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(-?)(\d+)(ms|s|m|h|d)")

Column = Annotated[str, Field(min_length=1)]


def _duration(value: Any) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            "a duration is a whole number and ms, s, m, h or d, such as '90s' or '-30d'"
        )
    sign, number, unit = match.groups()
    return timedelta(**{_UNITS[unit]: int(sign + number)})


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError) as error:
        raise ValueError(
            f"{name!r} is no IANA time zone such as 'Europe/Berlin' or 'UTC'"
        ) from error
    return name


def _template(value: Any) -> Template:
    if not isinstance(value, str) or not value:
        raise ValueError("text, with columns in braces where they are wanted")
    try:
        return parse_template(value)
    except TemplateError as error:
        raise ValueError(str(error)) from error


FROM_LIST = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
"""TOML has lists, frozen values have tuples."""
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Zone = Annotated[str, AfterValidator(_zone)]
Text = Annotated[Template, BeforeValidator(_template)]


class Part(BaseModel):
    """A frozen value that refuses keys it does not know and values of another type."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True
    )


class Condition(Part):
    """One requirement on a cell; cells are text, the ordering operators compare them as numbers."""

    column: Column
    op: Literal["eq", "ne", "in", "gt", "gte", "lt", "lte", "empty"] = "eq"
    value: Annotated[str | int | bool | tuple[str | int, ...], FROM_LIST]

    @model_validator(mode="after")
    def _value_fits_op(self) -> Self:
        if (self.op == "in") != isinstance(self.value, tuple):
            raise ValueError("value: a list for 'in', a single value for every other op")
        if (self.op == "empty") != isinstance(self.value, bool):
            raise ValueError("value: true or false for 'empty', and only there")
        if self.op in {"gt", "gte", "lt", "lte"} and not isinstance(self.value, int):
            raise ValueError(f"value: '{self.op}' compares with a whole number")
        return self


class FromColumn(Part):
    """The value of a column, typed, mapped, or left out where empty."""

    column: Column
    type: Literal["text", "integer", "decimal", "boolean"] = "text"
    map: dict[str, str] = {}
    unmapped: Literal["refuse", "keep"] = "refuse"
    optional: bool = False

    @model_validator(mode="after")
    def _keys_fit_together(self) -> Self:
        if self.map and self.type != "text":
            raise ValueError("map: gives text, so it goes with type 'text' only")
        if "unmapped" in self.model_fields_set and not self.map:
            raise ValueError("unmapped: says what happens beside a map, and there is none")
        return self


class Money(Part):
    """An amount in a column, with its currency or the column that holds it."""

    column: Column
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    currency_column: Column | None = None
    unit: Literal["major", "minor"] = "major"
    decimal_mark: Literal[".", ","] = "."

    @model_validator(mode="after")
    def _names_one_currency(self) -> Self:
        if (self.currency is None) == (self.currency_column is None):
            raise ValueError("one of 'currency' and 'currency_column'")
        return self


class TimeFromColumn(Part):
    """A time in a column; text without an offset is read in `timezone`."""

    column: Column
    format: str = "iso"
    timezone: Zone | None = None

    @model_validator(mode="after")
    def _zone_fits_format(self) -> Self:
        if self.format in {"unix_s", "unix_ms"} and self.timezone is not None:
            raise ValueError("timezone: seconds since 1970 have none")
        return self


class TimeByRow(Part):
    """A time made up from the number of the row: the start, plus a step for every row before it."""

    start: AwareDatetime
    step: Duration


class TimeOffset(Part):
    """A time made up from that of an earlier event of the same row."""

    after: str
    by: Duration


def _kind_of_time(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((key for key in ("column", "start", "after") if key in value), None)
    if isinstance(value, TimeFromColumn):
        return "column"
    return "start" if isinstance(value, TimeByRow) else "after"


Time = Annotated[
    Annotated[TimeFromColumn, Tag("column")]
    | Annotated[TimeByRow, Tag("start")]
    | Annotated[TimeOffset, Tag("after")],
    Discriminator(
        _kind_of_time,
        custom_error_type="time",
        custom_error_message="a time has one of the keys 'column', 'start' and 'after'",
    ),
]


def _kind_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "column" if isinstance(value, dict | FromColumn) else "text"


Value = Annotated[
    Annotated[Text, Tag("text")]
    | Annotated[FromColumn, Tag("column")]
    | Annotated[int, Tag("integer")]
    | Annotated[bool, Tag("boolean")],
    Discriminator(_kind_of_value),
]
Attribute = Annotated[
    Annotated[Text, Tag("text")] | Annotated[FromColumn, Tag("column")],
    Discriminator(_kind_of_value),
]
