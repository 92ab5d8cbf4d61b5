"""By what the accounts of an experiment are grouped, and into which groups: said before it starts.

Groups that data chose would tell of data: which are the largest, and when one became so. Groups
that are named in advance tell nothing and stay the same, and nothing that events hold is kept.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.event_filters import Resource

MOST_DIMENSIONS = 3
MOST_VALUES = 6
"""With the two groups below eight: what small groups are audited for in reasonable time."""
OTHER = "other"
"""The group of all values that are not named."""
NOT_GIVEN = "not_given"
"""The group of accounts whose exposure says nothing."""

DimensionField = Annotated[
    str,
    Field(
        pattern=r"^(campaign|content|channel|data(\.[A-Za-z_][A-Za-z0-9_]*)+)$",
        max_length=200,
        description="campaign, content or channel of the exposure, or data.<field> of it",
    ),
]
Label = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What events and people call something; control characters cannot be stored."""


class Dimension(Resource):
    """One field of a unit's first exposure, and the values that are groups of their own."""

    field: DimensionField
    name: Label | None = None
    values: Annotated[tuple[Label, ...], Field(min_length=1, max_length=MOST_VALUES)]

    @property
    def groups(self) -> tuple[str, ...]:
        """Every group that an account can be in."""
        return (*self.values, OTHER, NOT_GIVEN)

    @model_validator(mode="after")
    def _groups_are_told_apart(self) -> Self:
        if len(set(self.values)) != len(self.values):
            raise ValueError("values: every one once")
        taken = sorted({OTHER, NOT_GIVEN}.intersection(self.values))
        if taken:
            raise ValueError(f"values: {taken[0]!r} is a group that is always there")
        return self


def refuse_unfit(dimensions: tuple[Dimension, ...], unit: str) -> None:
    """Raise ValueError where dimensions do not fit together, or not the unit."""
    fields = [dimension.field for dimension in dimensions]
    if dimensions and unit != "account":
        raise ValueError("dimensions: groups are of accounts, so the unit has to be the account")
    if len(set(fields)) != len(fields):
        raise ValueError("dimensions: every field once")
    # Everybody knows which contents a campaign has: two tables that add up to each other tell more
    # than each of them alone.
    if {"campaign", "content"} <= set(fields):
        raise ValueError("dimensions: contents add up to campaigns, so one of the two")
