"""The steps of an experiment's life: each is one transaction, guarded by where it stands."""

from datetime import datetime, timedelta

from schemas.insight_sentences import experiment_stopped
from schemas.lifecycle import ExperimentStatus, Step
from schemas.resources import Experiment, ExperimentDraft
from storage.experiments import ConflictError, Found, experiment, locked
from storage.freezing import freeze
from storage.gate import enter_gate
from storage.metric_agreements import require_in_force
from storage.metric_versions import metrics_of
from storage.outbox import record
from storage.pool import Connection
from storage.statements import statement


async def register_experiment(
    connection: Connection,
    key: str,
    *,
    at: datetime,
    reporting_currency: str,
    agreement_required: bool = False,
) -> Experiment:
    """Freeze a draft; its moments are built from the events stored so far.

    Raises NotInForceError where agreement on its metrics is required and missing.
    """
    found = await _alone_with(connection, key, at)
    found.require(Step.REGISTER)
    if agreement_required:
        await _require_agreement(connection, found)
    await freeze(connection, found, found.draft, at=at, reporting_currency=reporting_currency)
    await connection.execute(statement("register_experiment"), {"id": found.id, "at": at})
    return await experiment(connection, key, at=at)


async def start_experiment(
    connection: Connection,
    key: str,
    *,
    at: datetime,
    reporting_currency: str,
    agreement_required: bool = False,
) -> Experiment:
    """Let an experiment run from now on, or from its registered start where that has passed.

    Raises NotInForceError like `register_experiment`, where it registers a draft.
    """
    found = await _alone_with(connection, key, at)
    found.require(Step.START)
    if agreement_required and found.experiment.status is ExperimentStatus.DRAFT:
        await _require_agreement(connection, found)
    draft = _changed(found.draft, starts_at=min(found.draft.starts_at, at))
    await freeze(connection, found, draft, at=at, reporting_currency=reporting_currency)
    if found.experiment.status is ExperimentStatus.DRAFT:
        await connection.execute(statement("register_experiment"), {"id": found.id, "at": at})
    await connection.execute(statement("note_start"), {"id": found.id, "at": at})
    return await experiment(connection, key, at=at)


async def close_experiment(
    connection: Connection, key: str, *, at: datetime, reporting_currency: str
) -> Experiment:
    """End intake: exposures from now on do not count, open windows stay open."""
    found = await _alone_with(connection, key, at)
    found.require(Step.CLOSE)
    await _end(connection, found, at, reporting_currency)
    await connection.execute(statement("note_close"), {"id": found.id, "at": at})
    return await experiment(connection, key, at=at)


async def stop_experiment(
    connection: Connection, key: str, *, at: datetime, reason: str, reporting_currency: str
) -> Experiment:
    """Give an experiment up: exposures from now on do not count, open windows stay open."""
    found = await _alone_with(connection, key, at)
    found.require(Step.STOP)
    if found.experiment.stopped_at is not None:
        raise ConflictError(f"experiment {key!r} was stopped before its review")
    await _end(connection, found, at, reporting_currency)
    await connection.execute(
        statement("stop_experiment"), {"id": found.id, "at": at, "reason": reason}
    )
    await record(connection, experiment_stopped(key, found.draft.name, reason), at=at)
    return await experiment(connection, key, at=at)


async def open_review(connection: Connection, key: str, *, at: datetime) -> Experiment:
    """Put an experiment into review; what it counts goes on as before."""
    return await _noted(connection, key, Step.OPEN_REVIEW, "open_review_of_experiment", at)


async def keep_looking(connection: Connection, key: str, *, at: datetime) -> Experiment:
    """End a review without a decision: the experiment stands where it would without one."""
    return await _noted(connection, key, Step.KEEP_LOOKING, "end_review_of_experiment", at)


async def decide(connection: Connection, key: str, *, at: datetime) -> Experiment:
    """End a review with a decision."""
    return await _noted(connection, key, Step.DECIDE, "decide_experiment", at)


async def _alone_with(connection: Connection, key: str, at: datetime) -> Found:
    # The gate first: whoever holds a row while waiting for the gate could wait for ever.
    await enter_gate(connection, alone=True)
    return await locked(connection, key, at=at)


async def _require_agreement(connection: Connection, found: Found) -> None:
    metrics = await metrics_of(connection, found.draft)
    await require_in_force(connection, metrics.values())


async def _noted(
    connection: Connection, key: str, step: Step, name: str, at: datetime
) -> Experiment:
    found = await locked(connection, key, at=at)
    found.require(step)
    await connection.execute(statement(name), {"id": found.id, "at": at})
    return await experiment(connection, key, at=at)


async def _end(connection: Connection, found: Found, at: datetime, currency: str) -> None:
    draft = _ended(found.draft, at)
    await freeze(connection, found, draft, at=at, reporting_currency=currency)


def _ended(draft: ExperimentDraft, at: datetime) -> ExperimentDraft:
    ends_at = at if draft.ends_at is None else min(at, draft.ends_at)
    earliest = draft.starts_at + timedelta(microseconds=1)
    return _changed(draft, ends_at=max(ends_at, earliest))


def _changed(draft: ExperimentDraft, **changes: datetime) -> ExperimentDraft:
    return ExperimentDraft.model_validate(draft.model_dump() | changes)
