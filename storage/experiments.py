"""Experiments as registered: drafts in, experiments out with where they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from schemas.lifecycle import (
    STEPS,
    ExperimentStatus,
    Step,
    StoredStatus,
    standing_of,
    windows_close_at,
)
from schemas.resources import Experiment, ExperimentDraft
from storage.draft_checks import check_draft
from storage.policies import policy_said
from storage.pool import Connection
from storage.statements import statement


class UnknownExperimentError(LookupError):
    """No experiment has this key."""


class ConflictError(Exception):
    """What is asked for does not go together with how things stand; the message says how."""

    def __init__(self, detail: str, *, field: str | None = None, rule: str | None = None) -> None:
        """Take why, and where one is at fault the field with the rule."""
        super().__init__(detail)
        self.field = field
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A row, read at a time."""

    id: int
    experiment: Experiment
    draft: ExperimentDraft
    longest_window: timedelta | None

    def require(self, step: Step) -> None:
        """Raise ConflictError unless the step may be taken from where the experiment stands."""
        allowed = STEPS[step]
        if self.experiment.status not in allowed:
            listed = " or ".join(status for status in ExperimentStatus if status in allowed)
            raise ConflictError(
                f"experiment {self.experiment.key!r} is {self.experiment.status}; "
                f"only one that is {listed} can {step}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which experiments are asked for; nothing narrows where nothing is said."""

    status: ExperimentStatus | None = None
    owner: str | None = None
    team: str | None = None
    words: Sequence[str] = ()
    """Beginnings of words of the key, the name or the hypothesis; all have to be there."""


async def add_experiment(
    connection: Connection, draft: ExperimentDraft, *, at: datetime
) -> Experiment:
    """Write down a draft.

    Raises ConflictError where the key is taken, UnknownMetricError, CapError and DraftError.
    """
    await check_draft(connection, draft)
    values = {**_values(draft), "key": draft.key, "created_at": at}
    cursor = await connection.execute(statement("insert_experiment"), values)
    if await cursor.fetchone() is None:
        raise ConflictError(f"experiment {draft.key!r} exists already")
    return await experiment(connection, draft.key, at=at)


async def replace_draft(
    connection: Connection, draft: ExperimentDraft, *, at: datetime | None = None
) -> Experiment:
    """Change a draft. Raises ConflictError once it is registered, and as `add_experiment` does."""
    found = await locked(connection, draft.key, at=at)
    found.require(Step.CHANGE)
    await check_draft(connection, draft)
    await rewrite(connection, found.id, draft)
    return await experiment(connection, draft.key, at=at)


async def experiment(connection: Connection, key: str, *, at: datetime | None = None) -> Experiment:
    """Return an experiment as it stands at a time, or now. Raises UnknownExperimentError."""
    return (await experiment_row(connection, key, at=at)).experiment


async def experiment_row(connection: Connection, key: str, *, at: datetime | None = None) -> Found:
    """Return an experiment with what only storage knows of it. Raises UnknownExperimentError."""
    return await _row(connection, "experiment_by_key", key, at)


async def locked(connection: Connection, key: str, *, at: datetime | None = None) -> Found:
    """Return an experiment, locked until the transaction ends. Raises UnknownExperimentError."""
    return await _row(connection, "experiment_by_key_for_update", key, at)


async def experiments_after(
    connection: Connection, *, after: int | None, limit: int, wanted: Wanted | None = None
) -> list[Found]:
    """Return up to `limit` of the experiments that are wanted, by key, behind the row `after`."""
    wanted = wanted or Wanted()
    values: dict[str, Any] = {
        "after": after,
        "limit": limit,
        "stored": _stored(wanted.status),
        "standing": wanted.status,
        "owner": wanted.owner,
        "team": wanted.team,
    }
    if not wanted.words:
        # Planned for what is asked: one plan for all of it could use the index of none.
        return await read(connection, "experiments_after", values, prepare=False)
    values["words"] = " & ".join(f"'{word}':*" for word in wanted.words)
    return await read(connection, "experiments_with_words", values)


async def experiments_of(connection: Connection, keys: Sequence[str]) -> dict[str, Experiment]:
    """Return the experiments of these keys, by key."""
    found = await read(connection, "experiments_by_keys", {"keys": list(keys)})
    return {row.experiment.key: row.experiment for row in found}


async def line_of(connection: Connection, key: str, *, limit: int) -> list[Experiment]:
    """Return the experiments that stem from one another, the first one first.

    Raises UnknownExperimentError.
    """
    await experiment(connection, key)
    found = await read(connection, "line_of_experiment", {"key": key, "limit": limit})
    return [row.experiment for row in found]


async def read(
    connection: Connection,
    name: str,
    values: dict[str, Any],
    *,
    at: datetime | None = None,
    prepare: bool | None = None,
) -> list[Found]:
    """Run a statement that selects experiments; they stand as they do at a time, or now."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement(name), values, prepare=prepare)
        return [_found(row, at or row["read_at"]) for row in await cursor.fetchall()]


async def rewrite(connection: Connection, experiment_id: int, draft: ExperimentDraft) -> None:
    """Change what an experiment says."""
    await connection.execute(
        statement("rewrite_experiment"), {**_values(draft), "id": experiment_id}
    )


def _stored(status: ExperimentStatus | None) -> str | None:
    if status in {ExperimentStatus.RUNNING, ExperimentStatus.CLOSED}:
        return StoredStatus.REGISTERED
    return status


def _values(draft: ExperimentDraft) -> dict[str, Any]:
    return {
        "body": Jsonb(draft.model_dump(mode="json")),
        "owner": draft.owner,
        "team": draft.team,
        "starts_at": draft.starts_at,
        "ends_at": draft.ends_at,
        "follows": draft.follows,
    }


async def _row(connection: Connection, name: str, key: str, at: datetime | None) -> Found:
    rows = await read(connection, name, {"key": key}, at=at)
    if not rows:
        raise UnknownExperimentError(f"no experiment has the key {key!r}")
    return rows[0]


_AS_STORED = (
    *("epoch", "created_at", "registered_at", "started_at", "closed_at", "stopped_at"),
    *("stop_reason", "reviewed_at", "decided_at", "invalidated"),
)


def _found(row: dict[str, Any], at: datetime) -> Found:
    draft = ExperimentDraft.model_validate(row["body"])
    starts_at, ends_at = row["starts_at"], row["ends_at"]
    stored, policy = StoredStatus(row["stored"]), row["visibility"]
    return Found(
        id=row["id"],
        draft=draft,
        longest_window=row["longest_window"],
        experiment=Experiment.model_validate(
            {
                **row["body"],
                **{name: row[name] for name in _AS_STORED},
                "status": standing_of(stored, starts_at=starts_at, ends_at=ends_at, now=at),
                "windows_close_at": windows_close_at(ends_at, row["longest_window"]),
                "visibility": None if policy is None else policy_said(policy),
            }
        ),
    )
