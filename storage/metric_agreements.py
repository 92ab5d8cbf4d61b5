"""Agreements of both sides on versions of metrics: who, when, and whether a version is in force."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from schemas.metric_definitions import Agreement, Metric, ProposedMetric, Side
from storage.experiments import ConflictError
from storage.metric_versions import UnknownMetricError, metric_versions
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
    if not any(metric.version == version for metric in await metric_versions(connection, key)):
        raise UnknownMetricError(f"metric {key!r} has no version {version}")
    inserted = await connection.execute(
        statement("insert_agreement"),
        {"metric": key, "version": version, "side": side, "agreed_at": at, "agreed_by": by},
    )
    found = await with_agreements(connection, await metric_versions(connection, key))
    agreed = next(metric for metric in found if metric.version == version)
    return agreed, inserted.rowcount == 1


async def with_agreements(
    connection: Connection, metrics: Sequence[Metric]
) -> list[ProposedMetric]:
    """Return versions of metrics with who agreed to them."""
    found = await _agreements(connection, {metric.key for metric in metrics})
    return [
        ProposedMetric(
            **metric.model_dump(), agreements=tuple(found.get((metric.key, metric.version), ()))
        )
        for metric in metrics
    ]


async def require_in_force(connection: Connection, metrics: Iterable[Metric]) -> None:
    """Raise NotInForceError unless both sides agreed to each of these versions."""
    for metric in await with_agreements(connection, [*metrics]):
        if not metric.in_force:
            missing = " and ".join(metric.missing_sides)
            raise NotInForceError(
                f"metric {metric.key!r} version {metric.version} is not in force: "
                f"{missing} did not agree to it"
            )


async def _agreements(
    connection: Connection, keys: Iterable[str]
) -> Mapping[tuple[str, int], list[Agreement]]:
    cursor = await connection.execute(statement("agreements_of_metrics"), {"metrics": [*keys]})
    found: dict[tuple[str, int], list[Agreement]] = {}
    for metric, version, side, at, by in await cursor.fetchall():
        agreed = Agreement(side=side, agreed_at=at, agreed_by=by)
        found.setdefault((metric, version), []).append(agreed)
    return found
