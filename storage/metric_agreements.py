"""Agreements of both sides on versions of metrics: who, when, and whether a version is in force.

A side can take its agreement back until the other side has agreed too; then the version is in force
for good, and what shall be counted otherwise is proposed as the next one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from schemas.metric_definitions import Agreement, Metric, ProposedMetric, Side, Withdrawal
from storage.experiments import ConflictError
from storage.metric_versions import UnknownMetricError, lock_metric, metric_versions
from storage.pool import Connection
from storage.statements import statement


class NotInForceError(ConflictError):
    """A metric is not agreed on by both sides; the message names metric and side."""


async def agree(
    connection: Connection, key: str, version: int, side: Side, *, at: datetime, by: str | None
) -> tuple[ProposedMetric, bool]:
    """Note that a side agrees. Return the metric and whether this is new: agreed once is agreed.

    Raises UnknownMetricError.
    """
    await lock_metric(connection, key)
    await _proposed(connection, key, version)
    inserted = await connection.execute(
        statement("insert_agreement"),
        {"metric": key, "version": version, "side": side, "agreed_at": at, "agreed_by": by},
    )
    return await _proposed(connection, key, version), inserted.rowcount == 1


async def withdraw(
    connection: Connection,
    key: str,
    version: int,
    side: Side,
    *,
    at: datetime,
    by: str | None,
    reason: str,
) -> ProposedMetric:
    """Take the agreement of a side back; that it once agreed stays visible.

    Raises UnknownMetricError, and ConflictError where the version is in force or this side does
    not agree to it.
    """
    await lock_metric(connection, key)
    _refuse_withdrawal(await _proposed(connection, key, version), side)
    await connection.execute(
        statement("withdraw_agreement"),
        {"metric": key, "version": version, "side": side, "at": at, "by": by, "reason": reason},
    )
    return await _proposed(connection, key, version)


async def with_agreements(
    connection: Connection, metrics: Sequence[Metric]
) -> list[ProposedMetric]:
    """Return versions of metrics with who agreed to them, and who took that back."""
    found = await _agreements(connection, {metric.key for metric in metrics})
    return [_with(metric, found.get((metric.key, metric.version), ())) for metric in metrics]


async def require_in_force(connection: Connection, metrics: Iterable[Metric]) -> None:
    """Raise NotInForceError unless both sides agreed to each of these versions."""
    for metric in await with_agreements(connection, [*metrics]):
        if not metric.in_force:
            missing = " and ".join(metric.missing_sides)
            raise NotInForceError(
                f"metric {metric.key!r} version {metric.version} is not in force: "
                f"{missing} did not agree to it",
                field="metrics",
                rule="not_in_force",
            )


def _refuse_withdrawal(metric: ProposedMetric, side: Side) -> None:
    name = f"metric {metric.key!r} version {metric.version}"
    if metric.in_force:
        since = max(agreement.agreed_at for agreement in metric.agreements)
        raise ConflictError(
            f"{name} is in force since {since:%Y-%m-%d %H:%M} UTC: no side takes it back alone; "
            "propose what shall be counted instead as the next version",
            field="version",
            rule="in_force",
        )
    if side in metric.missing_sides:
        raise ConflictError(f"{side} does not agree to {name}", field="side", rule="not_agreed")


async def _proposed(connection: Connection, key: str, version: int) -> ProposedMetric:
    versions = await metric_versions(connection, key)
    found = [metric for metric in versions if metric.version == version]
    if not found:
        raise UnknownMetricError(f"metric {key!r} has no version {version}")
    (metric,) = await with_agreements(connection, found)
    return metric


@dataclass(frozen=True, slots=True)
class _Row:
    metric: str
    version: int
    side: str
    agreed_at: datetime
    agreed_by: str | None
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    reason: str | None


def _with(metric: Metric, rows: Iterable[_Row]) -> ProposedMetric:
    agreements, withdrawals = [], []
    for row in rows:
        agreed = {"side": row.side, "agreed_at": row.agreed_at, "agreed_by": row.agreed_by}
        if row.withdrawn_at is None:
            agreements.append(Agreement.model_validate(agreed))
            continue
        taken_back = {"withdrawn_at": row.withdrawn_at, "withdrawn_by": row.withdrawn_by}
        told = agreed | taken_back | {"reason": row.reason}
        withdrawals.append(Withdrawal.model_validate(told))
    return ProposedMetric(
        **metric.model_dump(), agreements=tuple(agreements), withdrawals=tuple(withdrawals)
    )


async def _agreements(
    connection: Connection, keys: Iterable[str]
) -> Mapping[tuple[str, int], list[_Row]]:
    found: dict[tuple[str, int], list[_Row]] = {}
    async with connection.cursor(row_factory=class_row(_Row)) as cursor:
        await cursor.execute(statement("agreements_of_metrics"), {"metrics": [*keys]})
        for row in await cursor.fetchall():
            found.setdefault((row.metric, row.version), []).append(row)
    return found
