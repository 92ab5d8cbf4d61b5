"""One reading of an experiment, shared by all who ask for it, in whichever language they ask."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from api import problems
from api.counting import LANGUAGES, Documents, count_now, documents_of
from api.database import Database
from api.problems import ProblemError
from api.releases import released
from api.results_document import timeless
from api.visibility import Sight
from schemas.policies import Level
from schemas.wording import Language
from storage.readings import load_totals
from storage.registry import experiment
from transparency.interpretation import Marker

Document = Mapping[str, Any]
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

    def __init__(
        self, documents: Documents, release: Callable[[], Awaitable[Documents]], read_at: float
    ) -> None:
        """Take the documents as they were read, how those for people are made, and since when.

        `read_at` is a time of the monotonic clock: from when on later events are not in it.
        """
        self.read_at = read_at
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
    read_at = time.monotonic()
    async with database.connection() as connection:
        totals = await load_totals(connection, key)
        registered = await experiment(connection, key)
        counted = None if totals is None else await count_now(connection, totals)
    if counted is None:
        raise ProblemError(
            problems.CONFLICT, f"experiment {key!r} is a draft; it has results once it is started"
        )
    documents = await asyncio.to_thread(documents_of, registered, counted)
    return Snapshot(documents, lambda: released(database, registered, counted, documents), read_at)
