"""GET /v1/experiments/{key}/stream: a reading at once, then each newer one (server-sent events)."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.results import LanguageAsked
from api.services import ServicesHere
from api.snapshots import Snapshot
from inference.wording import Language

HEARTBEAT_SECONDS = 15.0
RECONNECT_MS = 2_000

Readings = AsyncGenerator[Snapshot | None, None]

router = APIRouter(prefix="/v1/experiments", tags=["results"])


class EventStream(StreamingResponse):
    """Readings as server-sent events; lets go of their source however the stream ends."""

    media_type = "text/event-stream"

    def __init__(self, readings: Readings, events: AsyncIterator[bytes]) -> None:
        """Take the source, and the events made of it."""
        # X-Accel-Buffering: a proxy that collects the answer would hold readings back.
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._readings = readings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the source ends or the client has gone."""
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
    language: LanguageAsked = "en",
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Stream readings; a client that comes back with the newest one gets only newer ones."""
    readings = services.readings.follow(key, heartbeat=HEARTBEAT_SECONDS)
    first = await anext(readings)  # what cannot be read is answered as a problem, not as a stream
    return EventStream(readings, _events(first, readings, language, last_event_id))


async def _events(
    first: Snapshot | None, readings: Readings, language: Language, seen: str | None
) -> AsyncIterator[bytes]:
    yield b"retry: %d\n\n" % RECONNECT_MS
    event, seen = _event(first, language, seen)
    yield event
    async for snapshot in readings:
        event, seen = _event(snapshot, language, seen)
        yield event


def _event(
    snapshot: Snapshot | None, language: Language, seen: str | None
) -> tuple[bytes, str | None]:
    body = None if snapshot is None else snapshot.bodies[language]
    if body is None or body.tag == seen:
        return b": nothing new\n\n", seen
    # JSON as it is written here has no line breaks, so it is one line of data.
    event = b"id: %s\nevent: reading\ndata: %s\n\n" % (body.tag.encode(), body.content)
    return event, body.tag
