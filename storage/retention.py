"""How long events are kept, by type; and the deletion of older ones, a part at a time.

Promise: no figure changes. What an experiment may still need to evaluate a home anew is kept,
however old it is: from the longest covariate before its start on, and deals whole where it values
them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from attribution.definitions import Definition, microseconds
from attribution.index import DefinitionIndex
from schemas.resources import MetricKind
from storage.definitions import load_active
from storage.gate import enter_gate
from storage.pool import Connection
from storage.statements import statement

EVENTS_AT_ONCE = 5_000
DEALS = "deal."


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Events of this type (or prefix ending in `.*`) are kept for so many days."""

    type: str
    days: int
    changed_at: datetime
    changed_by: str | None


@dataclass(frozen=True, slots=True)
class RetentionRun:
    """What a deletion came to; `older_than` is what experiments allowed."""

    ran_at: datetime
    type: str
    older_than: datetime
    events: int


async def retention_rules(connection: Connection) -> list[RetentionRule]:
    """Return the rules by type; a type without a rule is kept for ever."""
    cursor = await connection.execute(statement("retention_rules"))
    return [RetentionRule(*row) for row in await cursor.fetchall()]


async def put_rule(
    connection: Connection, kind: str, days: int, *, by: str | None, at: datetime
) -> None:
    """Keep events of a type for so many days from now on."""
    values = {"type": kind, "days": days, "by": by, "at": at}
    await connection.execute(statement("put_retention_rule"), values)


async def drop_rule(connection: Connection, kind: str) -> bool:
    """Keep events of a type for ever again; False where there was no rule."""
    dropped = await connection.execute(statement("delete_retention_rule"), {"type": kind})
    return dropped.rowcount == 1


async def delete_part(connection: Connection, rule: RetentionRule, *, at: datetime) -> RetentionRun:
    """Delete up to `EVENTS_AT_ONCE` events that the rule no longer keeps, in this transaction.

    Inside the gate, so that no experiment starts while it is decided what none of them needs.
    """
    await enter_gate(connection, alone=False)
    index = (await load_active(connection)).index
    older_than = _earliest(at - timedelta(days=rule.days), rule, index)
    deleted = await connection.execute(
        statement("delete_old_events"),
        {
            "older_than_us": microseconds(older_than),
            "type": rule.type,
            "prefix": _pattern(rule.type),
            "limit": EVENTS_AT_ONCE,
        },
    )
    run = RetentionRun(at, rule.type, older_than, deleted.rowcount)
    if run.events:
        values = {"at": at, "type": run.type, "older_than": older_than, "events": run.events}
        await connection.execute(statement("insert_retention_run"), values)
    return run


async def retention_runs(connection: Connection, *, limit: int) -> list[RetentionRun]:
    """Return the latest deletions, the newest first."""
    cursor = await connection.execute(statement("retention_runs"), {"limit": limit})
    return [RetentionRun(*row) for row in await cursor.fetchall()]


def _earliest(cutoff: datetime, rule: RetentionRule, index: DefinitionIndex) -> datetime:
    """The cutoff, or earlier where an experiment may still read what lies before it."""
    needed = min(
        (_needed_from(definition, rule) for definition in index.by_id.values()), default=None
    )
    if needed is None:
        return cutoff
    too_late_by = max(0, microseconds(cutoff) - needed)
    return cutoff - timedelta(microseconds=too_late_by)


def _needed_from(definition: Definition, rule: RetentionRule) -> int:
    """The earliest time (microseconds) at which this experiment may read an event of the rule.

    Careful rather than exact: whether its filters would leave the event out is not asked.
    """
    values_deals = any(m.kind is MetricKind.LATEST_DEAL_VALUE for m in definition.metrics)
    if values_deals and _meets_deals(rule.type):
        return 0
    return definition.starts_us - max(metric.covariate_us for metric in definition.metrics)


def _meets_deals(kind: str) -> bool:
    if kind.endswith(".*"):
        return DEALS.startswith(kind[:-1]) or kind.startswith(DEALS)
    return kind.startswith(DEALS)


def _pattern(kind: str) -> str:
    prefix = kind[:-1] if kind.endswith(".*") else kind
    escaped = prefix.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
    return f"{escaped}%" if kind.endswith(".*") else escaped
