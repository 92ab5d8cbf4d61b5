"""How long events are kept, by type, and up to when each rule may delete.

Promise: no figure changes. What an experiment may still need to evaluate a home anew is kept,
however old it is: from the longest covariate before its start on, and deals whole where it values
them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from attribution.definitions import Definition, microseconds
from attribution.index import DefinitionIndex
from schemas.resources import MetricKind
from storage.pool import Connection
from storage.statements import statement

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


@dataclass(frozen=True, slots=True)
class Cutoff:
    """Events of this type (or prefix ending in `.*`) from before a time are no longer kept."""

    type: str
    older_than: datetime

    @property
    def before_us(self) -> int:
        """The time in microseconds since 1970."""
        return microseconds(self.older_than)

    def covers(self, event_type: str) -> bool:
        """Tell whether events of this type fall to the rule."""
        if self.type.endswith(".*"):
            return event_type.startswith(self.type[:-1])
        return event_type == self.type

    @property
    def pattern(self) -> str:
        """The type or prefix in the words of LIKE."""
        prefix = self.type[:-1] if self.type.endswith(".*") else self.type
        escaped = prefix.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
        return f"{escaped}%" if self.type.endswith(".*") else escaped


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


async def note_run(connection: Connection, run: RetentionRun) -> None:
    """Write down what was deleted, in the transaction that deletes it."""
    values = {"at": run.ran_at, "type": run.type, "older_than": run.older_than}
    await connection.execute(statement("insert_retention_run"), {**values, "events": run.events})


async def noted_cutoffs(connection: Connection) -> tuple[Cutoff, ...]:
    """Return up to when each rule has deleted so far, or is about to."""
    cursor = await connection.execute(statement("deletions_by_rule"))
    found = [Cutoff(kind, _at(before_us)) for kind, before_us in await cursor.fetchall()]
    return _in_order(found)


async def retention_runs(connection: Connection, *, limit: int) -> list[RetentionRun]:
    """Return the latest deletions, the newest first."""
    cursor = await connection.execute(statement("retention_runs"), {"limit": limit})
    return [RetentionRun(*row) for row in await cursor.fetchall()]


def cutoffs(
    rules: Sequence[RetentionRule], index: DefinitionIndex, at: datetime
) -> tuple[Cutoff, ...]:
    """Return up to when each rule may delete, given these experiments; one type before prefixes."""
    return _in_order([Cutoff(rule.type, _earliest(at, rule, index)) for rule in rules])


def _in_order(found: Sequence[Cutoff]) -> tuple[Cutoff, ...]:
    return tuple(sorted(found, key=lambda cutoff: (cutoff.type.endswith(".*"), cutoff.type)))


def _at(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


def _earliest(at: datetime, rule: RetentionRule, index: DefinitionIndex) -> datetime:
    """The end of the time it keeps, or earlier where an experiment may still read what is older."""
    cutoff = at - timedelta(days=rule.days)
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
