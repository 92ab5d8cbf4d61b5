"""Releases readings to people, in steps: whoever asks first once a step is due makes it.

Two processes that find the same step due release one reading, and both show that one.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from api.counted import Counted
from api.database import Database
from api.released_document import released_documents
from api.released_figures import NOTHING_SHOWN, next_figures
from inference.wording import Language
from schemas.resources import Experiment
from storage.released_readings import Release, latest_release, release

Documents = Mapping[Language, Mapping[str, Any]]


async def released(
    database: Database, experiment: Experiment, counted: Counted, live: Documents
) -> Documents:
    """Return the documents that people are shown, from the last step or from one made now."""
    async with database.connection() as connection:
        last = await latest_release(connection, experiment.key)
    made = await asyncio.to_thread(_next, last, experiment, counted, live)
    if made is not None:
        async with database.connection() as connection:
            if await release(connection, experiment.key, made):
                return made.documents
            last = await latest_release(connection, experiment.key)
    return await asyncio.to_thread(_documents, last, experiment, counted, live)


def _next(
    last: Release | None, experiment: Experiment, counted: Counted, live: Documents
) -> Release | None:
    if last is not None and counted.now <= last.released_at:
        return None  # somebody counted later and released before: nothing goes back
    figures = next_figures(last.figures if last else NOTHING_SHOWN, counted)
    if figures is None:
        return None
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
