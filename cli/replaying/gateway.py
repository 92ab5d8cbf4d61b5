"""Posts batches to the gateway: waits where it asks to and splits what is too large for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx

from cli.replaying.targets import Answer, RefusedEvent, TargetError
from cli.replaying.verdicts import problem_of, read_answer, rule_of

PATH = "/v1/events"
BATCH_TYPE = "application/cloudevents-batch+json"
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15.0
PATIENCE_SECONDS = 120.0
MALFORMED = "malformed_json"
RETRIED = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
CONTINUE = "Run the same command again: it continues from the last batch that was taken."

Sleep = Callable[[float], Awaitable[None]]


class Gateway:
    """A target over HTTP. Sending a batch twice is safe: an event's id counts once for ever."""

    def __init__(self, client: httpx.AsyncClient, name: str, sleep: Sleep = asyncio.sleep) -> None:
        self._client = client
        self._sleep = sleep
        self.name = name

    async def send(self, batch: Sequence[bytes]) -> Answer:
        """Deliver one batch; an event that is too large alone is a refused one."""
        response = await self._post_patiently(b"[" + b",".join(batch) + b"]")
        spoils_the_batch = _rule_of_one(response)
        if spoils_the_batch is not None:
            return await self._send_halves(batch, spoils_the_batch)
        answer = read_answer(response, batch)
        if answer is None:
            raise TargetError(f"The gateway refused the batch: {problem_of(response)}. {CONTINUE}")
        return answer

    async def _send_halves(self, batch: Sequence[bytes], rule: str) -> Answer:
        if len(batch) == 1:
            return Answer(0, (RefusedEvent(batch[0], "event", rule),))
        middle = len(batch) // 2
        return await self.send(batch[:middle]) + await self.send(batch[middle:])

    async def _post_patiently(self, body: bytes) -> httpx.Response:
        waited, attempt = 0.0, 0
        while True:
            response, trouble = await self._post(body)
            if response is not None and response.status_code not in RETRIED:
                return response
            pause = _pause(response, attempt)
            if waited + pause > PATIENCE_SECONDS:
                raise TargetError(
                    f"The gateway took nothing for {waited:.0f} seconds ({trouble}). {CONTINUE}"
                )
            await self._sleep(pause)
            waited, attempt = waited + pause, attempt + 1

    async def _post(self, body: bytes) -> tuple[httpx.Response | None, str]:
        try:
            response = await self._client.post(PATH, content=body)
        except httpx.TransportError as error:
            return None, f"{type(error).__name__} at {self.name}"
        return response, problem_of(response)


@asynccontextmanager
async def gateway(url: str, token: str) -> AsyncIterator[Gateway]:
    """Yield a target for the API at `url`."""
    headers = {"authorization": f"Bearer {token}", "content-type": BATCH_TYPE}
    # No proxy from the environment: the usual gateway is on this machine.
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=60, trust_env=False
    ) as client:
        yield Gateway(client, url.rstrip("/"))


def _rule_of_one(response: httpx.Response) -> str | None:
    """Return the rule that perhaps one event alone breaks, so that the others can still be sent."""
    if response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return "too_large"
    if response.status_code == HTTPStatus.BAD_REQUEST and rule_of(response) == MALFORMED:
        return MALFORMED
    return None


def _pause(response: httpx.Response | None, attempt: int) -> float:
    asked = response.headers.get("retry-after", "") if response is not None else ""
    if asked.isdecimal():
        return max(float(asked), 0.05)
    return min(FIRST_WAIT_SECONDS * 2.0**attempt, LONGEST_WAIT_SECONDS)
