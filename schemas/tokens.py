"""Tokens of machines: what is asked for, what is shown of one, and how its secret is recognised."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.event_filters import Resource
from schemas.people import Name
from schemas.scopes import SCOPES_OF_PEOPLE_ALONE, Scope

TOKEN_PREFIX = "rtk_"  # noqa: S105 - what secrets begin with, so that a leaked one is recognised
TOKEN_PATTERN = r"^t-[0-9a-f]{16}$"  # noqa: S105 - of its id, which is no secret
LONGEST_DAYS = 366

TokenId = Annotated[str, Field(pattern=TOKEN_PATTERN)]


class TokenDraft(Resource):
    """A token as asked for: which system it is for, what it may ask, how many days it lives."""

    name: Name
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope))]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 90

    @model_validator(mode="after")
    def _scopes_are_for_machines(self) -> Self:
        if len(set(self.scopes)) != len(self.scopes):
            raise ValueError("scopes: every one once")
        personal = sorted(SCOPES_OF_PEOPLE_ALONE.intersection(self.scopes))
        if personal:
            raise ValueError(f"scopes: {', '.join(personal)} is for people alone")
        return self


class Token(Resource):
    """A token as stored: everything but its secret."""

    id: TokenId
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: str | None
    """The person or token that made it; None for the deployment token."""
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""
