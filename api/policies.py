"""Visibility policies: read by everybody, with words for each cell; written by stewards alone."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api import problems
from api.identity import Asking, SignedIn, Viewer
from api.problems import ProblemError
from api.services import ServicesHere
from schemas.policies import DEFAULT, Audience, Level, Phase, Policy, PolicyDraft
from schemas.wording import Language
from storage.access_log import log_access
from storage.policies import add_policy, newest_policies, policy_versions
from storage.pool import Connection
from transparency.access_log import Access, Action
from transparency.policy_wording import always, explained

router = APIRouter(prefix="/v1/policies", tags=["visibility"])

LanguageOfPolicy = Annotated[Language, Query(description="of the sentences")]


class SeenInPhase(BaseModel):
    """What one audience sees in one phase."""

    phase: Phase
    level: Level
    sentence: str


class SeenByAudience(BaseModel):
    """A row of the table: an audience, who that is, and what they see phase by phase."""

    audience: Audience
    who: str
    phases: list[SeenInPhase]


class ShownPolicy(Policy):
    """A version of a policy with its table in words, those closest to the work first."""

    table: list[SeenByAudience]


class Policies(BaseModel):
    """The newest version of every policy, by key, and what holds under all of them."""

    default: str
    policies: list[ShownPolicy]
    always: list[str]


class PolicyVersions(BaseModel):
    """All versions of one policy, newest first, and what holds under all of them."""

    key: str
    versions: list[ShownPolicy]
    always: list[str]


@router.get("")
async def list_policies(services: ServicesHere, language: LanguageOfPolicy = "en") -> Policies:
    """Return the newest version of every policy: what is registered next is frozen to it."""
    async with services.database.connection() as connection:
        newest = await newest_policies(connection)
    return Policies(
        default=DEFAULT.key, policies=_shown(newest, language), always=[*always(language)]
    )


@router.get("/{key}")
async def read_policy(
    key: str, services: ServicesHere, language: LanguageOfPolicy = "en"
) -> PolicyVersions:
    """Return all versions of one policy, with who wrote each and when."""
    async with services.database.connection() as connection:
        versions = await policy_versions(connection, key)
    if not versions:
        raise ProblemError(problems.NOT_FOUND, f"no policy has the key {key!r}")
    return PolicyVersions(key=key, versions=_shown(versions, language), always=[*always(language)])


@router.post("", status_code=201, responses={200: {"model": ShownPolicy}})
async def write_policy(
    draft: PolicyDraft,
    services: ServicesHere,
    viewer: Viewer,
    response: Response,
    language: LanguageOfPolicy = "en",
) -> ShownPolicy:
    """Write down a policy: 201 and a new version where it changed, 200 where it is as it was.

    Experiments that are registered keep the version they were registered with.
    """
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        policy, is_new = await add_policy(connection, draft, at=now, by=viewer.actor)
        if is_new:
            await _log(connection, viewer, policy, at=now)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"{router.prefix}/{policy.key}"
    return _shown([policy], language)[0]


async def _log(connection: Connection, viewer: Asking, policy: Policy, *, at: datetime) -> None:
    person = viewer.person if isinstance(viewer, SignedIn) else None
    await log_access(
        connection,
        Access(action=Action.POLICY_CHANGE, person=person),
        experiment=None,
        route="policies",
        at=at,
        detail={"policy": policy.key, "version": policy.version},
    )


def _shown(policies: Sequence[Policy], language: Language) -> list[ShownPolicy]:
    return [
        ShownPolicy.model_validate(
            {**dict(policy), "table": msgspec.to_builtins(explained(policy, language))}
        )
        for policy in policies
    ]
