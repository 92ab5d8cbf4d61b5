"""Freezes definitions: an experiment with its metrics and the rate table, built from history."""

from datetime import datetime

from schemas.caps import check_caps
from schemas.resources import ExperimentDraft
from storage.definitions import DefinitionBody
from storage.draft_checks import with_policy_version
from storage.experiments import Found, read, rewrite
from storage.gate import enter_gate, raise_registry_revision
from storage.metric_versions import metrics_of, pinned
from storage.moments import drop_totals
from storage.pool import Connection
from storage.rates import load_rates
from storage.statements import statement


async def freeze(
    connection: Connection,
    found: Found,
    draft: ExperimentDraft,
    *,
    at: datetime,
    reporting_currency: str,
) -> None:
    """Give an experiment its next definition, which says what `draft` says from now on.

    The caller is alone in the gate and holds the row. Raises UnknownMetricError and CapError.
    """
    metrics = await metrics_of(connection, draft)
    check_caps(draft, metrics, reporting_currency=reporting_currency)
    frozen = pinned(await with_policy_version(connection, draft), metrics)
    body = DefinitionBody(
        experiment=frozen,
        metrics=metrics,
        reporting_currency=reporting_currency,
        rates=tuple(await load_rates(connection)),
        invalidated=found.experiment.invalidated,
    )
    epoch = found.experiment.epoch + 1
    await rewrite(connection, found.id, frozen)
    await _replace_builds(connection, found.id)
    await connection.execute(
        statement("insert_definition"),
        {"experiment_id": found.id, "epoch": epoch, "body": body.to_json(), "created_at": at},
    )
    longest = max(metric.window for metric in metrics.values())
    await connection.execute(
        statement("note_definition"),
        {"id": found.id, "epoch": epoch, "longest_window": longest},
    )
    await raise_registry_revision(connection)


async def rebuild_all(connection: Connection, *, at: datetime, reporting_currency: str) -> int:
    """Give every registered experiment a new definition with today's rates; return how many."""
    await enter_gate(connection, alone=True)
    rows = await read(connection, "registered_experiments_for_update", {})
    for found in rows:
        await freeze(connection, found, found.draft, at=at, reporting_currency=reporting_currency)
    return len(rows)


async def _replace_builds(connection: Connection, experiment_id: int) -> None:
    """Give up what is still being built; what is current stays until the new one is built."""
    given_up = await connection.execute(
        statement("retire_building_definitions"), {"experiment_id": experiment_id}
    )
    await drop_totals(connection, [row[0] for row in await given_up.fetchall()])
