"""How long events are kept, as stewards write it down."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from schemas.resources import Resource

EventTypeOrPrefix = Annotated[
    str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?$", min_length=3, max_length=200)
]


class RetentionDraft(Resource):
    """Events of this type (or of a prefix that ends in .*) are kept for so many days."""

    type: EventTypeOrPrefix
    days: Annotated[int, Field(ge=1, le=36_500)]


class Retention(RetentionDraft):
    """A rule as it stands."""

    changed_at: datetime
    changed_by: str | None


class RetentionReport(Resource):
    """What a deletion came to: nothing younger than `older_than`, which experiments may move."""

    type: str
    older_than: datetime
    events: int


class ErasureReport(Resource):
    """That a contact was erased, without whom it was about."""

    number: int
    erased_at: datetime
    erased_by: str | None
    events: int
    accounts: int
    experiments: tuple[str, ...]
