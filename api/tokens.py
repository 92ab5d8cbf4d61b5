"""Tokens of machines: made once and shown once, listed without their secret, revoked for good."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from api.entrance import EntranceHere
from api.identity import Viewer
from api.opaque_secrets import hash_of, new_id, new_secret
from api.problems import FORBIDDEN, NOT_FOUND, ProblemError
from api.services import ServicesHere
from schemas.tokens import TOKEN_PATTERN, TOKEN_PREFIX, Token, TokenDraft
from storage.tokens import UnknownTokenError, add_token, tokens_after
from storage.tokens import revoke_token as revoke_stored_token

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])


class TokenMade(BaseModel):
    """A new token; `secret` is shown this one time."""

    token: Token
    secret: str


class Tokens(BaseModel):
    """A page of tokens by id; `next` is where the next one goes on, if there is one."""

    tokens: list[Token]
    next: str | None


@router.post("", status_code=201)
async def make_token(
    draft: TokenDraft, viewer: Viewer, services: ServicesHere, response: Response
) -> TokenMade:
    """Make a token; nobody gives one more than they may ask themselves."""
    beyond = sorted(scope for scope in draft.scopes if not viewer.may(scope))
    if beyond:
        raise ProblemError(
            FORBIDDEN,
            f"Whoever asks does not have {', '.join(beyond)}, and cannot give it.",
            field="scopes",
        )
    secret = new_secret(TOKEN_PREFIX)
    async with services.database.connection() as connection:
        token = await add_token(
            connection,
            new_id("t-"),
            hash_of(secret),
            draft,
            at=datetime.now(UTC),
            by=viewer.actor,
        )
    response.headers["Cache-Control"] = "no-store"
    return TokenMade(token=token, secret=secret)


@router.get("")
async def list_tokens(
    services: ServicesHere,
    after: Annotated[str, Query(max_length=64, pattern="^[a-z0-9-]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Tokens:
    """Return a page of tokens, those out of force as well."""
    async with services.database.connection() as connection:
        found = await tokens_after(connection, after=after, limit=limit + 1)
    page = found[:limit]
    return Tokens(tokens=page, next=page[-1].id if len(found) > limit else None)


@router.delete("/{token}")
async def revoke_token(
    token: Annotated[str, Path(pattern=TOKEN_PATTERN)],
    services: ServicesHere,
    entrance: EntranceHere,
) -> Token:
    """Put a token out of force: here at once, in other processes within five seconds."""
    try:
        async with services.database.connection() as connection:
            revoked = await revoke_stored_token(connection, token, at=datetime.now(UTC))
    except UnknownTokenError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
    entrance.identities.forget()
    return revoked
