"""Metrics as registered: every version of each, and those that an experiment uses."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from schemas.resources import ExperimentDraft, Metric, MetricDraft, MetricUse
from storage.pool import Connection
from storage.statements import statement


class UnknownMetricError(LookupError):
    """No metric has this key, or not this version of it."""


async def add_metric(
    connection: Connection, draft: MetricDraft, *, at: datetime, by: str | None = None
) -> tuple[Metric, bool]:
    """Register a metric, a changed one as a new version. Return it and whether it is new."""
    await lock_metric(connection, draft.key)
    versions = await metric_versions(connection, draft.key)
    if versions and _draft_fields(versions[0]) == _draft_fields(draft):
        return versions[0], False
    version = len(versions) + 1
    metric = Metric(**draft.model_dump(), version=version, created_at=at, proposed_by=by)
    values = metric.model_dump(include={"key", "version", "created_at", "proposed_by"})
    body = Jsonb(draft.model_dump(mode="json"))
    await connection.execute(statement("insert_metric"), {**values, "body": body})
    return metric, True


async def lock_metric(connection: Connection, key: str) -> None:
    """Be alone with a metric's versions, and who agreed to them, until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", (key,))


async def metric_versions(connection: Connection, key: str) -> list[Metric]:
    """Return all versions of a metric, newest first; empty where there is none."""
    cursor = await connection.execute(statement("metric_versions"), {"key": key})
    return [_metric(row) for row in await cursor.fetchall()]


async def newest_metrics(connection: Connection) -> list[Metric]:
    """Return the newest version of every metric, by key."""
    cursor = await connection.execute(statement("newest_metrics"))
    return [_metric(row) for row in await cursor.fetchall()]


async def metrics_of(connection: Connection, draft: ExperimentDraft) -> dict[str, Metric]:
    """Return what the experiment uses; the newest version where none is named.

    Raises UnknownMetricError.
    """
    return {use.metric: await _version(connection, use) for use in draft.metrics}


def pinned(draft: ExperimentDraft, metrics: Mapping[str, Metric]) -> ExperimentDraft:
    """Return the draft with the version of every metric named: later ones change nothing."""
    uses = tuple(
        use.model_copy(update={"version": metrics[use.metric].version}) for use in draft.metrics
    )
    return draft.model_copy(update={"metrics": uses})


async def _version(connection: Connection, use: MetricUse) -> Metric:
    versions = await metric_versions(connection, use.metric)
    wanted = [m for m in versions if use.version is None or m.version == use.version]
    if not wanted:
        version = "" if use.version is None else f" version {use.version}"
        raise UnknownMetricError(f"metric {use.metric!r}{version} is not registered")
    return wanted[0]


def _draft_fields(metric: MetricDraft) -> dict[str, Any]:
    return {name: getattr(metric, name) for name in MetricDraft.model_fields}


def _metric(row: tuple[int, Mapping[str, Any], datetime, str | None]) -> Metric:
    version, body, created_at, proposed_by = row
    return Metric.model_validate(
        {**body, "version": version, "created_at": created_at, "proposed_by": proposed_by}
    )
