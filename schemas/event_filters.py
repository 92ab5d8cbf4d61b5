"""Which events a rule hears: filters and field paths, as people register them."""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FieldPath = Annotated[
    str,
    Field(
        pattern=r"^(type|source|account|contact|campaign|content|channel|deal|currency|amount"
        r"|data(\.[A-Za-z_][A-Za-z0-9_]*)+)$",
        description="an attribute of the event, or data.<field>",
    ),
]
Scalar = str | int | bool

_TYPE_PATTERN = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)+(\.\*)?$|^[a-z0-9_]+\.\*$")


class Resource(BaseModel):
    """A frozen value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(Resource):
    """One requirement on one field of an event."""

    field: FieldPath
    op: Literal["eq", "ne", "in", "gte", "lte", "exists"] = "eq"
    value: Scalar | tuple[Scalar, ...]

    @model_validator(mode="after")
    def _value_fits_op(self) -> Self:
        if (self.op == "in") != isinstance(self.value, tuple):
            raise ValueError("value: a list for 'in', a single value for every other op")
        if self.op in {"gte", "lte"} and (
            isinstance(self.value, bool) or not isinstance(self.value, int)
        ):
            raise ValueError("value: 'gte' and 'lte' compare integers")
        if self.op == "exists" and not isinstance(self.value, bool):
            raise ValueError("value: 'exists' takes true or false")
        return self


class EventFilter(Resource):
    """Events of any of `types` (exact, or a prefix ending in `.*`) that meet every condition."""

    types: Annotated[tuple[str, ...], Field(min_length=1, max_length=32)]
    where: Annotated[tuple[Condition, ...], Field(max_length=16)] = ()

    @model_validator(mode="after")
    def _types_are_dotted(self) -> Self:
        for name in self.types:
            if not _TYPE_PATTERN.match(name):
                raise ValueError(f"types: {name!r} is no dotted event type or prefix ending in .*")
        return self

    def names(self, event_type: str) -> bool:
        """Tell whether events of this type are among `types`, whatever the conditions say."""
        prefixes = tuple(name[:-1] for name in self.types if name.endswith(".*"))
        return event_type in self.types or event_type.startswith(prefixes)
