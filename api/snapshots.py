"""One reading of an experiment, shared by all who ask for it, in whichever language they ask."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from api import problems
from api.database import Database
from api.observations import observations_of, plan_of
from api.problems import ProblemError
from api.released_figures import Counted
from api.releases import released
from api.results_document import Read, results_of, timeless
from api.visibility import Sight
from inference.readings import read_experiment
from inference.small_experiments import needs_unit_outcomes
from inference.wording import Language
from schemas.policies import Level
from schemas.resources import Experiment
from storage.pool import Connection
from storage.readings import ExperimentTotals, load_totals
from storage.registry import experiment
from storage.unit_outcomes import UnitOutcomes, unit_outcomes
from transparency.interpretation import Marker

MOST_HOMES = 2_000
"""Of an experiment that is read unit by unit: some twenty milliseconds for each reading."""

Document = Mapping[str, Any]
Documents = Mapping[Language, Document]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_ENCODER = msgspec.json.Encoder()


class Body(msgspec.Struct, frozen=True):
    """The JSON of a reading, and a tag that stays while nothing but the time of reading changes."""

    content: bytes
    tag: str


class Snapshot:
    """A reading by language; what is sent of it is made once for all who see as much.

    Whoever holds the deployment's own token sees it as it is. People see figures that move in
    steps, so these are looked up, or released, when the first of them asks.
    """

    def __init__(self, documents: Documents, release: Callable[[], Awaitable[Documents]]) -> None:
        """Take the documents as they were read, and how those for people are made."""
        self.documents = documents
        self.tag = tag_of(documents[LANGUAGES[0]])
        self._release = release
        self._released: Documents | None = None
        self._releasing = asyncio.Lock()
        self._bodies: dict[tuple[Language, Level | None, Marker | None], Body] = {}

    async def released(self) -> Documents:
        """Return the documents that people are shown parts of."""
        async with self._releasing:
            if self._released is None:
                self._released = await self._release()
            return self._released

    async def whole(self, language: Language) -> bytes:
        """Return all that anybody is shown, for parts of the platform that tell others."""
        return _ENCODER.encode((await self.released())[language])

    async def shown(self, sight: Sight, language: Language) -> Body:
        """Return what somebody with this sight is sent."""
        name = (language, sight.level, sight.marker)
        if name not in self._bodies:
            documents = self.documents if sight.level is None else await self.released()
            document = sight.shown(documents[language], language)
            self._bodies[name] = Body(_ENCODER.encode(document), tag_of(document))
        return self._bodies[name]


def tag_of(document: Document) -> str:
    """Name a document by everything but what changes by the clock alone."""
    return hashlib.sha256(_ENCODER.encode(timeless(document))).hexdigest()[:32]


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
    counted, documents = await asyncio.to_thread(_read, registered, totals, units, now)
    return Snapshot(documents, lambda: released(database, registered, counted, documents))


async def _units(
    connection: Connection, totals: ExperimentTotals, now: datetime
) -> Sequence[UnitOutcomes] | None:
    """The single units, in the snapshot of the totals, where a reading asks for them."""
    plan, observations = plan_of(totals.body), observations_of(totals, now=now)
    if not totals.is_built or not needs_unit_outcomes(plan, observations.moments, now=now):
        return None
    return await unit_outcomes(connection, totals.definition_id, totals.body, most=MOST_HOMES)


def _read(
    registered: Experiment,
    totals: ExperimentTotals,
    units: Sequence[UnitOutcomes] | None,
    now: datetime,
) -> tuple[Counted, Documents]:
    plan, observations = plan_of(totals.body), observations_of(totals, now=now, units=units)
    read = Read(
        experiment=registered,
        totals=totals,
        plan=plan,
        observations=observations,
        reading=read_experiment(plan, observations, now=now),
    )
    documents: Documents = {
        language: msgspec.to_builtins(results_of(read, language)) for language in LANGUAGES
    }
    return Counted(totals, plan, observations, now), documents
