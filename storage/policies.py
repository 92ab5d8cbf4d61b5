"""Policies as stored: versions that never change; the newest is for what is registered next."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from psycopg.types.json import Jsonb

from schemas.policies import Policy, PolicyDraft
from storage.pool import Connection
from storage.statements import statement

_Row = tuple[Mapping[str, Any], int, datetime, str | None]


async def add_policy(
    connection: Connection, draft: PolicyDraft, *, at: datetime, by: str | None
) -> tuple[Policy, bool]:
    """Write down a policy, a changed one as a new version. Return it and whether it is new."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 8))", (draft.key,))
    versions = await policy_versions(connection, draft.key)
    if versions and _says(versions[0]) == _says(draft):
        return versions[0], False
    policy = Policy(**draft.model_dump(), version=len(versions) + 1, created_at=at, created_by=by)
    values = policy.model_dump(include={"key", "version", "created_at", "created_by"})
    body = Jsonb(draft.model_dump(mode="json"))
    await connection.execute(statement("insert_policy"), {**values, "body": body})
    return policy, True


async def policy_versions(connection: Connection, key: str) -> list[Policy]:
    """Return all versions of a policy, newest first; empty where there is none."""
    cursor = await connection.execute(statement("policy_versions"), {"key": key})
    return [_policy(row) for row in await cursor.fetchall()]


async def newest_policies(connection: Connection) -> list[Policy]:
    """Return the newest version of every policy, by key."""
    cursor = await connection.execute(statement("newest_policies"))
    return [_policy(row) for row in await cursor.fetchall()]


@lru_cache(maxsize=1024)
def policy_said(body: str) -> PolicyDraft:
    """Read what an experiment's policy says: once, for a version never changes."""
    return PolicyDraft.model_validate_json(body)


def _says(policy: PolicyDraft) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in PolicyDraft.model_fields}


def _policy(row: _Row) -> Policy:
    body, version, created_at, created_by = row
    return Policy.model_validate(
        {**body, "version": version, "created_at": created_at, "created_by": created_by}
    )
