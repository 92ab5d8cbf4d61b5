"""Amends experiments after the freeze: visibly, as a new definition, invalid where it has to be."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from schemas.amendments import (
    NEVER,
    Amendment,
    AmendmentDraft,
    changes_between,
    touched_by,
)
from schemas.lifecycle import ExperimentStatus, Step
from schemas.resources import ExperimentDraft, Invalidation
from storage.draft_checks import check_draft, with_policy_version
from storage.draft_people import check_successors
from storage.draft_refusals import DraftError
from storage.experiments import ConflictError, Found, experiment_row, locked
from storage.freezing import freeze
from storage.gate import enter_gate
from storage.metric_agreements import require_in_force
from storage.metric_versions import metrics_of, pinned
from storage.pool import Connection
from storage.statements import statement


async def amend_experiment(
    connection: Connection,
    key: str,
    asked: AmendmentDraft,
    *,
    at: datetime,
    by: str | None,
    reporting_currency: str,
    agreement_required: bool = False,
) -> tuple[Amendment, bool]:
    """Amend an experiment. Return the amendment and whether it is new: asked again, it is not.

    Raises UnknownExperimentError, ConflictError, DraftError, UnknownMetricError and CapError, and
    NotInForceError where agreement is required and a version that comes new lacks it.
    """
    await enter_gate(connection, alone=True)
    found = await locked(connection, key, at=at)
    after = await _amended(connection, found.draft, asked)
    made = await _made(connection, found)
    if after == found.draft:
        return _same(made, asked), False
    _refuse(found, after, asked, at)
    if found.experiment.status is ExperimentStatus.IN_REVIEW:
        await check_successors(connection, found.draft, after)
    await check_draft(connection, after, frozen=found.draft)
    if agreement_required:
        await _require_agreement(connection, found.draft, after)
    number = len(made) + 1
    touched = touched_by(found.draft, after, now=at)
    is_late = await _may_have_exposed(connection, found, at)
    marks = {key: Invalidation(amendment=number, at=at) for key in touched} if is_late else {}
    found = _marked(found, marks)
    await freeze(connection, found, after, at=at, reporting_currency=reporting_currency)
    amendment = Amendment(
        number=number,
        epoch=found.experiment.epoch + 1,
        amended_at=at,
        amended_by=by,
        reason=asked.reason,
        changes=changes_between(found.draft, after),
        touched=tuple(sorted(touched)),
        after_exposure=is_late,
    )
    await _keep(connection, found, amendment)
    return amendment, True


async def amendments_of(connection: Connection, key: str) -> list[Amendment]:
    """Return the amendments of an experiment, the oldest first. Raises UnknownExperimentError."""
    return await _made(connection, await experiment_row(connection, key))


async def _amended(
    connection: Connection, draft: ExperimentDraft, asked: AmendmentDraft
) -> ExperimentDraft:
    for name in asked.changes:
        if name in NEVER or name not in ExperimentDraft.model_fields:
            raise DraftError(f"changes.{name}", "not_amendable", "no field that can be amended")
    said = draft.model_dump(mode="json")
    if "policy" in asked.changes:
        said["policy_version"] = None  # another policy, or the same one as it is today
    try:
        after = ExperimentDraft.model_validate(said | asked.changes)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in ("changes", *first["loc"]))
        raise DraftError(place, first["type"], first["msg"]) from None
    # Without a version named, a metric keeps the one it was registered with.
    versions = {use.metric: use.version for use in draft.metrics}
    uses = tuple(
        use.model_copy(update={"version": use.version or versions.get(use.metric)})
        for use in after.metrics
    )
    after = after.model_copy(update={"metrics": uses})
    after = await with_policy_version(connection, after)
    return pinned(after, await metrics_of(connection, after))


def _refuse(found: Found, after: ExperimentDraft, asked: AmendmentDraft, at: datetime) -> None:
    before, epoch = found.draft, found.experiment.epoch
    found.require(_step(before, after, at))
    if asked.epoch is not None and asked.epoch != epoch:
        raise ConflictError(
            f"experiment {before.key!r} is at epoch {epoch}: it was changed since {asked.epoch}"
        )


def _step(before: ExperimentDraft, after: ExperimentDraft, at: datetime) -> Step:
    if before.model_copy(update={"interpreters": after.interpreters}) == after:
        return Step.NAME_READERS
    moves = bool(touched_by(before, after, now=at)) or before.ends_at != after.ends_at
    return Step.AMEND if moves else Step.REWORD


def _same(made: list[Amendment], asked: AmendmentDraft) -> Amendment:
    """The amendment that says this already; a request that was sent twice changes nothing."""
    for amendment in reversed(made):
        if amendment.reason == asked.reason:
            return amendment
    raise DraftError("changes", "nothing_changes", "the experiment says all of this already")


async def _require_agreement(
    connection: Connection, before: ExperimentDraft, after: ExperimentDraft
) -> None:
    known = {(use.metric, use.version) for use in before.metrics}
    metrics = await metrics_of(connection, after)
    new = [m for m in metrics.values() if (m.key, m.version) not in known]
    await require_in_force(connection, new)


async def _may_have_exposed(connection: Connection, found: Found, at: datetime) -> bool:
    cursor = await connection.execute(statement("exposures_so_far"), {"experiment_id": found.id})
    row = await cursor.fetchone()
    assert row is not None, "a statement without FROM gives one row"
    has_exposed, is_counted = row
    # While the history is not counted, nobody knows; from the start on, exposures are assumed.
    return bool(has_exposed) or (not is_counted and found.draft.starts_at <= at)


def _marked(found: Found, marks: Mapping[str, Invalidation]) -> Found:
    """The experiment with its marks: a mark stays, and the first one counts."""
    invalidated = {**marks, **found.experiment.invalidated}
    experiment = found.experiment.model_copy(update={"invalidated": invalidated})
    return replace(found, experiment=experiment)


async def _keep(connection: Connection, found: Found, amendment: Amendment) -> None:
    marks = found.experiment.invalidated
    values = amendment.model_dump(mode="json")
    await connection.execute(
        statement("insert_amendment"),
        {
            **values,
            "experiment_id": found.id,
            "changes": Jsonb(values["changes"]),
            "invalidated": Jsonb(
                {key: mark.model_dump(mode="json") for key, mark in marks.items()}
            ),
        },
    )


async def _made(connection: Connection, found: Found) -> list[Amendment]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("amendments_of_experiment"), {"experiment_id": found.id})
        return [Amendment.model_validate(row) for row in await cursor.fetchall()]
