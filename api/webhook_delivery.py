"""Delivers insights to webhooks: at least once, under the same id, nobody waiting for others.

Every process of the API takes part. A delivery is claimed for a while, sent outside of any
transaction, and settled; where the process dies in between, it is sent again. Each try sends what
the owner of the webhook may see by then, and nothing where that is nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import SystemRandom
from uuid import UUID

import httpx

from api.database import Database, DatabaseUnreachableError
from api.insight_telling import told_now
from api.webhook_owners import owner_of
from api.webhook_retries import pause_after
from api.webhook_secrets import SecretUnreadableError, Vault
from api.webhook_sender import Answer, Outcome, Sender
from api.webhook_signature import signed_headers
from schemas.insight_sentences import webhook_disabled
from storage.outbox import record
from storage.passing import PASSING
from storage.pool import Connection
from storage.webhook_deliveries import (
    Attempt,
    Claimed,
    DeliveryState,
    claim_deliveries,
    log_attempt,
    settle_delivery,
)
from storage.webhooks import (
    StoredSecret,
    UnknownWebhookError,
    Webhook,
    disable_webhook,
    note_webhook_failure,
    note_webhook_success,
    secrets_of,
    webhook,
)

MOST_AT_ONCE = 64
OF_EACH = 4
IDLE_SECONDS = 1.0
LEASE = timedelta(seconds=60)
"""Longer than any request may take: a claim that ends while it is sent would send twice."""
_NOT_THEIR_FAULT = frozenset({Outcome.UNREADABLE_SECRET})
_WITHOUT_OWNER = frozenset({Outcome.OWNER_GONE, Outcome.OWNER_MAY_NOT})

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A delivery, when it was sent, and how that went."""

    claimed: Claimed
    began_at: datetime
    ended_at: datetime
    answer: Answer


class WebhookDelivery:
    """Sends what is owed until cancelled."""

    def __init__(self, database: Database, sender: Sender, vault: Vault) -> None:
        """Take where deliveries are kept, what sends them, and what opens secrets."""
        self._database = database
        self._sender = sender
        self._vault = vault
        self._sending: dict[asyncio.Task[None], UUID] = {}
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Deliver for ever."""
        try:
            while True:
                self._ended.clear()
                await _while_reachable(self._take)
                await self._wait()
        finally:
            await self._end()

    async def _take(self) -> None:
        """Begin to send what is due."""
        free = MOST_AT_ONCE - len(self._sending)
        if free == 0:
            return
        at = datetime.now(UTC)
        async with self._database.connection() as connection:
            claimed = await claim_deliveries(
                connection,
                at=at,
                lease=LEASE,
                most=free,
                of_each=OF_EACH,
                busy=frozenset(self._sending.values()),
            )
            hooks = sorted({delivery.webhook_id for delivery in claimed})
            secrets = await secrets_of(connection, hooks, at=at) if hooks else {}
        for delivery in claimed:
            sending = partial(self._deliver, delivery, secrets.get(delivery.webhook_id, []))
            task = asyncio.create_task(_while_reachable(sending))
            self._sending[task] = delivery.webhook_id
            task.add_done_callback(self._let_go)

    async def _wait(self) -> None:
        """Until something has been sent, which makes room for more, or a moment has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_SECONDS):
                await self._ended.wait()

    def _let_go(self, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        self._ended.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # The claim ends by itself, so the delivery is sent again.
            _LOG.error("A delivery could not be settled", exc_info=error)

    async def _end(self) -> None:
        for task in list(self._sending):
            task.cancel()
        if self._sending:
            await asyncio.wait(list(self._sending))

    async def _deliver(self, claimed: Claimed, secrets: list[StoredSecret]) -> None:
        began_at = datetime.now(UTC)
        answer = await self._try(claimed, secrets, began_at)
        sent = _Sent(claimed, began_at, datetime.now(UTC), answer)
        async with self._database.connection() as connection:
            await _settle(connection, sent)

    async def _try(self, claimed: Claimed, secrets: list[StoredSecret], at: datetime) -> Answer:
        told = await self._told(claimed, at)
        if isinstance(told, Outcome):
            return Answer(told)
        return await self._send(claimed, told, secrets, at)

    async def _told(self, claimed: Claimed, at: datetime) -> bytes | Outcome:
        """Return what the owner is told now, or why there is nothing to send."""
        body = claimed.body.encode()
        if claimed.owner is None:
            return body  # the deployment is told everything
        async with self._database.connection() as connection:
            asking = await owner_of(connection, claimed.owner, at=at)
            if isinstance(asking, Outcome):
                return asking
            (told,) = await told_now(connection, [body], asking, at=at)
        return Outcome.WITHHELD if told is None else told

    async def _send(
        self, claimed: Claimed, body: bytes, secrets: list[StoredSecret], at: datetime
    ) -> Answer:
        try:
            opened = [self._vault.open(secret) for secret in secrets]
        except SecretUnreadableError:
            _LOG.error("The secret of webhook %s was sealed with another key", claimed.webhook_id)
            return Answer(Outcome.UNREADABLE_SECRET)
        if not opened:  # the webhook was deleted while this was claimed
            return Answer(Outcome.UNREADABLE_SECRET)
        headers = signed_headers(str(claimed.insight_id), at, body, opened)
        return await self._sender.send(claimed.url, body, headers)


async def _settle(connection: Connection, sent: _Sent) -> None:
    try:
        hook = await webhook(connection, sent.claimed.webhook_id, to_change=True)
    except UnknownWebhookError:
        return  # deleted meanwhile, and what it was owed with it
    await log_attempt(connection, _attempt(sent))
    outcome = sent.answer.outcome
    if outcome is Outcome.DELIVERED:
        await _settle_delivered(connection, sent)
    elif outcome is Outcome.WITHHELD:
        state, at = DeliveryState.WITHHELD, sent.ended_at
        await settle_delivery(connection, sent.claimed.id, state, at=at)
    elif outcome in _WITHOUT_OWNER:
        await _settle_without_owner(connection, hook, sent)
    else:
        await _settle_failed(connection, hook, sent)


async def _settle_without_owner(connection: Connection, hook: Webhook, sent: _Sent) -> None:
    """Switch the webhook off, which says why; told to nobody, for it speaks of a person."""
    await settle_delivery(connection, sent.claimed.id, DeliveryState.DEAD, at=sent.ended_at)
    if hook.is_active:
        reason = sent.answer.outcome.value
        await disable_webhook(connection, hook.id, reason=reason, at=sent.ended_at)


async def _settle_delivered(connection: Connection, sent: _Sent) -> None:
    await settle_delivery(connection, sent.claimed.id, DeliveryState.DELIVERED, at=sent.ended_at)
    await note_webhook_success(connection, sent.claimed.webhook_id)


async def _settle_failed(connection: Connection, hook: Webhook, sent: _Sent) -> None:
    claimed, answer = sent.claimed, sent.answer
    if answer.outcome not in _NOT_THEIR_FAULT:
        is_first = claimed.attempts == 0
        since = claimed.first_tried_at if is_first else sent.began_at
        await note_webhook_failure(connection, hook.id, since=since)
    pause = pause_after(
        claimed.attempts + 1,
        chance=SystemRandom().random(),
        asked_for=answer.retry_after,
    )
    is_last = pause is None or answer.outcome is Outcome.GONE
    await settle_delivery(
        connection,
        claimed.id,
        DeliveryState.DEAD if is_last else DeliveryState.WAITING,
        at=sent.ended_at,
        next_attempt_at=None if pause is None else sent.ended_at + pause,
    )
    if is_last and hook.is_active and _is_lost(hook, sent):
        await _disable(connection, hook, sent)


def _is_lost(hook: Webhook, sent: _Sent) -> bool:
    """Whether nothing came through for as long as a delivery is tried, or the receiver says so."""
    if sent.answer.outcome is Outcome.GONE:
        return True
    since = hook.failing_since
    return since is not None and since <= sent.claimed.first_tried_at


async def _disable(connection: Connection, hook: Webhook, sent: _Sent) -> None:
    is_gone = sent.answer.outcome is Outcome.GONE
    happening = webhook_disabled(str(hook.id), httpx.URL(hook.url).host, is_gone=is_gone)
    await disable_webhook(connection, hook.id, reason=happening.reason, at=sent.ended_at)
    await record(connection, happening, at=sent.ended_at)


def _attempt(sent: _Sent) -> Attempt:
    return Attempt(
        delivery_id=sent.claimed.id,
        began_at=sent.began_at,
        milliseconds=(sent.ended_at - sent.began_at) // timedelta(milliseconds=1),
        outcome=sent.answer.outcome,
        status_code=sent.answer.status_code,
    )


async def _while_reachable(work: Callable[[], Awaitable[None]]) -> None:
    """Do it, unless the database cannot be used at the moment: then it is done later."""
    try:
        await work()
    except (DatabaseUnreachableError, *PASSING) as error:
        _LOG.warning("Webhooks wait for PostgreSQL: %r", error)
