"""Counts an experiment at one moment of the database, off the event loop where it takes a while."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, get_args

import msgspec

from api.counted import Counted, count
from api.database import Database
from api.results_document import read_of, results_of
from inference.small_experiments import needs_unit_outcomes
from schemas.resources import Experiment
from schemas.wording import Language
from storage.pool import Connection
from storage.readings import ExperimentTotals, load_totals
from storage.registry import experiment
from storage.unit_groups import UnitGroups, unit_groups
from storage.unit_outcomes import unit_outcomes

MOST_HOMES = 2_000
"""Of an experiment that is read unit by unit: some twenty milliseconds for each reading."""
MOST_GROUPED_HOMES = 20_000
"""Of an experiment that is broken down: a second or two, with a step alone."""

Documents = Mapping[Language, Mapping[str, Any]]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Grouped(NamedTuple):
    """An experiment as it was counted, its documents, and its units with their groups.

    Units have their outcomes on `measures`; None where they are too many, or a measure is not there
    any more.
    """

    registered: Experiment
    counted: Counted
    documents: Documents
    measures: tuple[str, ...]
    units: tuple[UnitGroups, ...] | None


async def count_now(connection: Connection, totals: ExperimentTotals) -> Counted:
    """Return what there is to read, with single units where a reading asks for them.

    In the transaction that loaded the totals. In a thread, like the reading: many metrics and arms
    take a while, and the gateway runs in this loop.
    """
    now = datetime.now(UTC)
    counted = await asyncio.to_thread(lambda: count(totals, now=now))
    moments = counted.observations.moments
    if not totals.is_built or not needs_unit_outcomes(counted.plan, moments, now=now):
        return counted
    units = await unit_outcomes(connection, totals.definition_id, totals.body, most=MOST_HOMES)
    return counted.with_units(units)


async def count_groups(database: Database, key: str, measures: tuple[str, ...]) -> Grouped | None:
    """Count an experiment anew, with its units by group from the same snapshot.

    Raises MissingExposureError.
    """
    async with database.connection() as connection:
        totals = await load_totals(connection, key)
        if totals is None:
            return None
        registered = await experiment(connection, key)
        counted = await count_now(connection, totals)
        units = await _units(connection, totals, measures)
    documents = await asyncio.to_thread(documents_of, registered, counted)
    return Grouped(registered, counted, documents, measures, units)


async def _units(
    connection: Connection, totals: ExperimentTotals, measures: Sequence[str]
) -> tuple[UnitGroups, ...] | None:
    keys = [use.metric for use in totals.body.experiment.metrics]
    if not set(measures) <= set(keys):
        return None
    numbers = [keys.index(measure) for measure in measures]
    return await unit_groups(
        connection, totals.definition_id, totals.body, numbers, most=MOST_GROUPED_HOMES
    )


def documents_of(registered: Experiment, counted: Counted) -> Documents:
    """Read what was counted, in every language."""
    read = read_of(registered, counted)
    return {language: msgspec.to_builtins(results_of(read, language)) for language in LANGUAGES}
