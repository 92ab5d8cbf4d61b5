"""One reading of an experiment, shared by all who ask for it, in whichever language they ask."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args

import msgspec

from api import problems
from api.database import Database
from api.observations import observations_of, plan_of
from api.problems import ProblemError
from api.results_document import Read, results_of, timeless
from inference.readings import read_experiment
from inference.small_experiments import needs_unit_outcomes
from inference.wording import Language
from schemas.resources import Experiment
from storage.pool import Connection
from storage.readings import ExperimentTotals, load_totals
from storage.registry import experiment
from storage.unit_outcomes import UnitOutcomes, unit_outcomes

MOST_HOMES = 2_000
"""Of an experiment that is read unit by unit: some twenty milliseconds for each reading."""

LANGUAGES: tuple[Language, ...] = get_args(Language)
_ENCODER = msgspec.json.Encoder()


class Body(msgspec.Struct, frozen=True):
    """The JSON of a reading, and a tag that stays while nothing but the time of reading changes."""

    content: bytes
    tag: str


class Snapshot(msgspec.Struct, frozen=True):
    """A reading by language."""

    bodies: dict[Language, Body]

    @property
    def tag(self) -> str:
        """Stays while nothing but the time of reading changes."""
        return self.bodies[LANGUAGES[0]].tag


async def take_snapshot(database: Database, key: str) -> Snapshot:
    """Read an experiment now. Raises UnknownExperimentError, or ProblemError for a draft."""
    async with database.connection() as connection:
        totals = await load_totals(connection, key)
        registered = await experiment(connection, key)
        now = datetime.now(UTC)
        units = None if totals is None else await _units(connection, totals, now)
    if totals is None:
        raise ProblemError(
            problems.CONFLICT, f"experiment {key!r} is a draft; it has results once it is started"
        )
    # In a thread: many metrics and arms take a while, and the gateway runs in this loop.
    return await asyncio.to_thread(_snapshot, registered, totals, units, now)


async def _units(
    connection: Connection, totals: ExperimentTotals, now: datetime
) -> Sequence[UnitOutcomes] | None:
    """The single units, in the snapshot of the totals, where a reading asks for them."""
    plan, observations = plan_of(totals.body), observations_of(totals, now=now)
    if not totals.is_built or not needs_unit_outcomes(plan, observations.moments, now=now):
        return None
    return await unit_outcomes(connection, totals.definition_id, totals.body, most=MOST_HOMES)


def _snapshot(
    registered: Experiment,
    totals: ExperimentTotals,
    units: Sequence[UnitOutcomes] | None,
    now: datetime,
) -> Snapshot:
    plan, observations = plan_of(totals.body), observations_of(totals, now=now, units=units)
    read = Read(
        experiment=registered,
        totals=totals,
        plan=plan,
        observations=observations,
        reading=read_experiment(plan, observations, now=now),
    )
    return Snapshot({language: _body(read, language) for language in LANGUAGES})


def _body(read: Read, language: Language) -> Body:
    results = results_of(read, language)
    digest = hashlib.sha256(_ENCODER.encode(timeless(results)))
    return Body(_ENCODER.encode(results), digest.hexdigest()[:32])
