"""Releases readings to people, in steps: whoever asks first once a step is due makes it.

Two processes that find the same step due release one reading, and both show that one. Where a
reading is broken down, its editions are made with it: what cannot have one is not shown.
"""

import asyncio
import logging
from typing import NamedTuple

from msgspec.structs import replace

from api.counted import Counted
from api.counting import Documents, Grouped, count_groups
from api.database import Database
from api.released_breakdowns import BreakdownError, measures_for, next_breakdowns
from api.released_document import released_documents
from api.released_figures import NOTHING_SHOWN, next_figures
from schemas.resources import Experiment
from storage.breakdown_editions import Ledger, NewEdition, add_editions, ledger_of, may_step
from storage.released_readings import Figures, Release, latest_release, release
from storage.unit_groups import MissingExposureError
from transparency.audit import AuditError
from transparency.editions import EditionError
from transparency.tables import TableError

NO_EDITION = (BreakdownError, EditionError, AuditError, TableError, MissingExposureError)
"""Why a step is not made: what people would see might give a small group away."""

_LOG = logging.getLogger(__name__)


class Step(NamedTuple):
    """A reading to be released, with the editions that belong to it."""

    release: Release
    editions: tuple[NewEdition, ...]


async def released(
    database: Database, experiment: Experiment, counted: Counted, live: Documents
) -> Documents:
    """Return the documents that people are shown, from the last step or from one made now."""
    last = await _last(database, experiment.key)
    figures = await asyncio.to_thread(_due, last, counted)
    if figures is not None:
        made = await _made(database, experiment, counted, live, last, figures)
        if made is not None:
            return made
        last = await _last(database, experiment.key)
    return await asyncio.to_thread(_documents, last, experiment, counted, live)


async def _made(
    database: Database,
    experiment: Experiment,
    counted: Counted,
    live: Documents,
    last: Release | None,
    figures: Figures,
) -> Documents | None:
    """Release a step; None where another one was, or is being, released instead."""
    if experiment.dimensions:
        try:
            return await _made_with_editions(database, experiment.key, counted, last)
        except NO_EDITION:
            _LOG.exception("A step of %s is not shown: it has no edition", experiment.key)
            return None
    made = await asyncio.to_thread(_release, last, experiment, counted, live, figures)
    async with database.connection() as connection:
        is_made = await release(connection, experiment.key, made)
    return made.documents if is_made else None


async def _made_with_editions(
    database: Database, key: str, counted: Counted, last: Release | None
) -> Documents | None:
    """Count anew with groups, and release the reading with its editions in one transaction.

    Whoever finds somebody at it shows the last step: an audit takes a while, and one is enough.
    """
    async with database.connection() as connection:
        if not await may_step(connection, key):
            return None
    measures = measures_for(last.figures if last else NOTHING_SHOWN, counted.totals.body)
    grouped = await count_groups(database, key, measures)
    async with database.connection() as connection:
        if grouped is None or not await may_step(connection, key):
            return None
        last = await latest_release(connection, key)
        ledger = await ledger_of(connection, key)
        step = await asyncio.to_thread(_step, last, grouped, ledger)
        if step is None or not await release(connection, key, step.release):
            return None
        await add_editions(connection, key, step.editions)
    return step.release.documents


async def _last(database: Database, key: str) -> Release | None:
    async with database.connection() as connection:
        return await latest_release(connection, key)


def _due(last: Release | None, counted: Counted) -> Figures | None:
    if last is not None and counted.now <= last.released_at:
        return None  # somebody counted later and released before: nothing goes back
    return next_figures(last.figures if last else NOTHING_SHOWN, counted)


def _step(last: Release | None, grouped: Grouped, ledger: Ledger) -> Step | None:
    figures = _due(last, grouped.counted)
    if figures is None:
        return None
    before = last.figures if last else NOTHING_SHOWN
    shown, editions = next_breakdowns(before, figures, grouped, ledger)
    figures = replace(figures, breakdowns=shown)
    made = _release(last, grouped.registered, grouped.counted, grouped.documents, figures)
    return Step(made, editions)


def _release(
    last: Release | None,
    experiment: Experiment,
    counted: Counted,
    live: Documents,
    figures: Figures,
) -> Release:
    return Release(
        number=last.number + 1 if last else 1,
        epoch=counted.totals.epoch,
        released_at=counted.now,
        figures=figures,
        documents=released_documents(experiment, counted, figures, live, released_at=counted.now),
    )


def _documents(
    last: Release | None, experiment: Experiment, counted: Counted, live: Documents
) -> Documents:
    figures = last.figures if last else NOTHING_SHOWN
    at = last.released_at if last else None
    return released_documents(experiment, counted, figures, live, released_at=at)
