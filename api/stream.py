"""GET /v1/experiments/{key}/stream: a reading at once, then each newer one (server-sent events)."""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header
from prometheus_client import Gauge
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.identity import Asking, Viewer
from api.results import LanguageAsked
from api.services import Services, ServicesHere
from api.snapshots import Body, Snapshot
from api.visibility import Sight, log_read, sight_of
from schemas.policies import Level
from schemas.wording import Language
from storage.experiments import UnknownExperimentError

HEARTBEAT_SECONDS = 15.0
RECONNECT_MS = 2_000

Readings = AsyncGenerator[Snapshot | None, None]

router = APIRouter(prefix="/v1/experiments", tags=["results"])


class EventStream(StreamingResponse):
    """Readings as server-sent events; lets go of their source however the stream ends."""

    media_type = "text/event-stream"

    def __init__(
        self, readings: Readings, events: AsyncIterator[bytes], open_streams: Gauge
    ) -> None:
        """Take the source, the events made of it, and where open streams are counted."""
        # X-Accel-Buffering: a proxy that collects the answer would hold readings back.
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._readings = readings
        self._open_streams = open_streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the source ends or the client has gone."""
        with self._open_streams.track_inprogress():
            async with aclosing(self._readings):
                await super().__call__(scope, receive, send)


@router.get(
    "/{key}/stream",
    summary="Watch an experiment",
    status_code=200,
    response_class=EventStream,
    responses={200: {"description": "Server-sent events `reading`, each with the results."}},
)
async def watch(
    key: str,
    services: ServicesHere,
    asking: Viewer,
    language: LanguageAsked = "en",
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Stream readings; a client that comes back with the newest one gets only newer ones."""
    watching = _Watching(services, asking, key, language)
    await watching.look()  # what may not be seen is answered as a problem, not as a stream
    readings = services.readings.follow(key, heartbeat=HEARTBEAT_SECONDS)
    first = await anext(readings)
    events = _events(first, readings, watching, last_event_id)
    return EventStream(readings, events, services.metrics.streams)


class _Watching:
    """Somebody who watches: how much is seen is asked anew for every reading that is sent."""

    def __init__(self, services: Services, asking: Asking, key: str, language: Language) -> None:
        self._services, self._asking, self._key = services, asking, key
        self._language = language
        self._logged: Level | None = None

    async def look(self) -> Sight:
        """Return the sight now. Raises UnknownExperimentError where nothing is seen any more."""
        now = datetime.now(UTC)
        async with self._services.database.connection() as connection:
            sight = await sight_of(connection, self._asking, self._key, now=now)
            # A stream is one read when it begins, and one more whenever its level rises.
            if self._logged is None or (sight.level or Level.NONE) > self._logged:
                await log_read(connection, sight, route="stream", at=now)
                self._logged = sight.level or Level.NONE
        return sight

    async def body(self, snapshot: Snapshot) -> Body:
        """Return what is sent of a reading."""
        return await snapshot.shown(await self.look(), self._language)

    def note_sent(self, snapshot: Snapshot) -> None:
        """Measure how old a reading is as it is sent."""
        age = time.monotonic() - snapshot.read_at
        self._services.metrics.reading_age.observe(age)


async def _events(
    first: Snapshot | None, readings: Readings, watching: _Watching, seen: str | None
) -> AsyncIterator[bytes]:
    yield b"retry: %d\n\n" % RECONNECT_MS
    event, seen = await _event(first, watching, seen)
    yield event
    try:
        async for snapshot in readings:
            event, seen = await _event(snapshot, watching, seen)
            yield event
    except UnknownExperimentError:
        return  # nothing may be seen any more: the stream ends, and coming back answers 404


async def _event(
    snapshot: Snapshot | None, watching: _Watching, seen: str | None
) -> tuple[bytes, str | None]:
    body = None if snapshot is None else await watching.body(snapshot)
    if snapshot is None or body is None or body.tag == seen:
        return b": nothing new\n\n", seen
    watching.note_sent(snapshot)
    # JSON as it is written here has no line breaks, so it is one line of data.
    event = b"id: %s\nevent: reading\ndata: %s\n\n" % (body.tag.encode(), body.content)
    return event, body.tag
