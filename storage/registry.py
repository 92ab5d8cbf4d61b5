"""Metrics and experiments as registered, and the steps of an experiment's life."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from schemas.caps import check_caps
from schemas.resources import (
    Experiment,
    ExperimentDraft,
    ExperimentStatus,
    Metric,
    MetricDraft,
    MetricUse,
)
from storage.definitions import DefinitionBody
from storage.gate import enter_gate, raise_registry_revision
from storage.moments import drop_totals
from storage.pool import Connection
from storage.rates import load_rates
from storage.statements import statement


class UnknownExperimentError(LookupError):
    """No experiment has this key."""


class UnknownMetricError(LookupError):
    """No metric has this key, or not this version of it."""


class ConflictError(Exception):
    """The experiment does not stand where this step may be taken; the message says where."""


async def add_metric(
    connection: Connection, draft: MetricDraft, *, at: datetime
) -> tuple[Metric, bool]:
    """Register a metric, a changed one as a new version. Return it and whether it is new."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", (draft.key,))
    versions = await metric_versions(connection, draft.key)
    if versions and _draft_fields(versions[0]) == _draft_fields(draft):
        return versions[0], False
    metric = Metric(**draft.model_dump(), version=len(versions) + 1, created_at=at)
    body = Jsonb(draft.model_dump(mode="json"))
    await connection.execute(
        statement("insert_metric"),
        {"key": draft.key, "version": metric.version, "body": body, "created_at": at},
    )
    return metric, True


async def metric_versions(connection: Connection, key: str) -> list[Metric]:
    """Return all versions of a metric, newest first; empty where there is none."""
    cursor = await connection.execute(statement("metric_versions"), {"key": key})
    return [_metric(row) for row in await cursor.fetchall()]


async def newest_metrics(connection: Connection) -> list[Metric]:
    """Return the newest version of every metric, by key."""
    cursor = await connection.execute(statement("newest_metrics"))
    return [_metric(row) for row in await cursor.fetchall()]


async def add_experiment(
    connection: Connection, draft: ExperimentDraft, *, at: datetime
) -> Experiment:
    """Write down a draft. Raises ConflictError where the key is taken, and CapError."""
    check_caps(draft, await _pinned_metrics(connection, draft))
    cursor = await connection.execute(
        statement("insert_experiment"),
        {"key": draft.key, "body": Jsonb(draft.model_dump(mode="json")), "created_at": at},
    )
    if await cursor.fetchone() is None:
        raise ConflictError(f"experiment {draft.key!r} exists already")
    return await experiment(connection, draft.key)


async def replace_draft(connection: Connection, draft: ExperimentDraft) -> Experiment:
    """Change a draft. Raises ConflictError once it has started, and CapError."""
    standing = await _locked(connection, draft.key)
    _require(standing, ExperimentStatus.DRAFT, "change")
    check_caps(draft, await _pinned_metrics(connection, draft))
    await connection.execute(
        statement("replace_draft"),
        {"key": draft.key, "body": Jsonb(draft.model_dump(mode="json"))},
    )
    return await experiment(connection, draft.key)


async def experiment(connection: Connection, key: str) -> Experiment:
    """Return an experiment. Raises UnknownExperimentError."""
    cursor = await connection.execute(statement("experiment_by_key"), {"key": key})
    return _experiment(await cursor.fetchone(), key)[1]


async def experiments_after(
    connection: Connection, *, after: str, limit: int, status: ExperimentStatus | None
) -> list[Experiment]:
    """Return up to `limit` experiments whose key sorts behind `after`."""
    cursor = await connection.execute(
        statement("experiments_after"), {"after": after, "limit": limit, "status": status}
    )
    return [_experiment(row, "")[1] for row in await cursor.fetchall()]


async def start_experiment(
    connection: Connection, key: str, *, at: datetime, reporting_currency: str
) -> Experiment:
    """Freeze a draft and let it run; its moments are built from the events stored so far."""
    await enter_gate(connection, alone=True)
    experiment_id, standing = await _locked(connection, key)
    _require((experiment_id, standing), ExperimentStatus.DRAFT, "start")
    draft = _draft_of(standing)
    await _freeze(connection, experiment_id, draft, 1, at=at, currency=reporting_currency)
    await connection.execute(
        statement("start_experiment"), {"id": experiment_id, "at": at, "epoch": 1}
    )
    return await experiment(connection, key)


async def stop_experiment(
    connection: Connection, key: str, *, at: datetime, reason: str, reporting_currency: str
) -> Experiment:
    """Stop a running experiment: exposures from now on do not count, open windows stay open."""
    await enter_gate(connection, alone=True)
    experiment_id, standing = await _locked(connection, key)
    _require((experiment_id, standing), ExperimentStatus.RUNNING, "stop")
    draft = _ended(_draft_of(standing), at)
    epoch = standing.epoch + 1
    await _freeze(connection, experiment_id, draft, epoch, at=at, currency=reporting_currency)
    body = Jsonb(draft.model_dump(mode="json"))
    await connection.execute(
        statement("stop_experiment"),
        {"id": experiment_id, "at": at, "reason": reason, "epoch": epoch, "body": body},
    )
    return await experiment(connection, key)


async def rebuild_all(connection: Connection, *, at: datetime, reporting_currency: str) -> int:
    """Give every started experiment a new definition with today's rate table; return how many."""
    await enter_gate(connection, alone=True)
    cursor = await connection.execute(statement("running_experiments_for_update"))
    rows = await cursor.fetchall()
    for row in rows:
        experiment_id, standing = _experiment(row, "")
        epoch = standing.epoch + 1
        draft = _draft_of(standing)
        await _freeze(connection, experiment_id, draft, epoch, at=at, currency=reporting_currency)
        await connection.execute(statement("set_epoch"), {"id": experiment_id, "epoch": epoch})
    return len(rows)


async def _freeze(
    connection: Connection,
    experiment_id: int,
    draft: ExperimentDraft,
    epoch: int,
    *,
    at: datetime,
    currency: str,
) -> None:
    metrics = await _pinned_metrics(connection, draft)
    check_caps(draft, metrics, reporting_currency=currency)
    body = DefinitionBody(
        experiment=draft,
        metrics=metrics,
        reporting_currency=currency,
        rates=tuple(await load_rates(connection)),
    )
    given_up = await connection.execute(
        statement("retire_building_definitions"), {"experiment_id": experiment_id}
    )
    await drop_totals(connection, [row[0] for row in await given_up.fetchall()])
    await connection.execute(
        statement("insert_definition"),
        {"experiment_id": experiment_id, "epoch": epoch, "body": body.to_json(), "created_at": at},
    )
    await raise_registry_revision(connection)


async def _pinned_metrics(connection: Connection, draft: ExperimentDraft) -> dict[str, Metric]:
    return {use.metric: await _pinned(connection, use) for use in draft.metrics}


async def _pinned(connection: Connection, use: MetricUse) -> Metric:
    versions = await metric_versions(connection, use.metric)
    wanted = [m for m in versions if use.version is None or m.version == use.version]
    if not wanted:
        version = "" if use.version is None else f" version {use.version}"
        raise UnknownMetricError(f"metric {use.metric!r}{version} is not registered")
    return wanted[0]


async def _locked(connection: Connection, key: str) -> tuple[int, Experiment]:
    cursor = await connection.execute(statement("experiment_by_key_for_update"), {"key": key})
    return _experiment(await cursor.fetchone(), key)


def _require(standing: tuple[int, Experiment], status: ExperimentStatus, verb: str) -> None:
    found = standing[1]
    if found.status is not status:
        raise ConflictError(
            f"experiment {found.key!r} is {found.status}; only one that is {status} can {verb}"
        )


def _ended(draft: ExperimentDraft, at: datetime) -> ExperimentDraft:
    ends_at = at if draft.ends_at is None else min(at, draft.ends_at)
    earliest = draft.starts_at + timedelta(microseconds=1)
    return ExperimentDraft.model_validate(draft.model_dump() | {"ends_at": max(ends_at, earliest)})


def _draft_of(found: Experiment) -> ExperimentDraft:
    return ExperimentDraft.model_validate(
        {name: getattr(found, name) for name in ExperimentDraft.model_fields}
    )


def _draft_fields(metric: MetricDraft) -> dict[str, Any]:
    return {name: getattr(metric, name) for name in MetricDraft.model_fields}


def _metric(row: tuple[int, Mapping[str, Any], datetime]) -> Metric:
    version, body, created_at = row
    return Metric.model_validate({**body, "version": version, "created_at": created_at})


def _experiment(row: tuple[Any, ...] | None, key: str) -> tuple[int, Experiment]:
    if row is None:
        raise UnknownExperimentError(f"no experiment has the key {key!r}")
    (experiment_id, _, body, status, epoch, created_at, started_at, stopped_at, reason) = row
    found = {
        **body,
        "status": status,
        "epoch": epoch,
        "created_at": created_at,
        "started_at": started_at,
        "stopped_at": stopped_at,
        "stop_reason": reason,
    }
    return experiment_id, Experiment.model_validate(found)
