"""Webhooks: register where insights are sent, rotate secrets, read the log, send again by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid4

import httpx
from fastapi import APIRouter, Query, Response

from api import problems
from api.identity import Asking, Viewer
from api.insight_telling import told_now
from api.problem_handlers import InputError, InvalidInputError
from api.problems import ProblemError
from api.services import Services, ServicesHere
from api.webhook_addresses import PrivateAddressError, UnknownHostError
from api.webhook_drafts import (
    AttemptView,
    Deliveries,
    DeliveryView,
    NewSecret,
    NewWebhook,
    Redelivered,
    Redelivery,
    SecretRotation,
    WebhookChange,
    WebhookDraft,
    Webhooks,
    WebhookView,
    webhook_fields,
)
from api.webhook_owners import looks_after_all, webhook_of
from api.webhook_secrets import new_secret
from api.webhook_sender import DEFAULT_PORTS
from api.webhook_signature import secret_as_text
from storage import webhook_deliveries, webhooks
from storage.pool import Connection
from storage.webhook_deliveries import Attempt, DeliveryRow, DeliveryState

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


@router.post("", status_code=201)
async def register_webhook(
    draft: WebhookDraft, services: ServicesHere, viewer: Viewer, response: Response
) -> NewWebhook:
    """Send there from now on what whoever asks may see. The answer shows the secret, this once."""
    await _refuse_place(draft.url, services)
    webhook_id, secret, at = uuid4(), new_secret(), datetime.now(UTC)
    async with services.database.connection() as connection:
        made = await webhooks.add_webhook(
            connection, webhook_id, draft.url, draft.wanted, created_by=viewer.actor, at=at
        )
        await webhooks.add_secret(connection, services.vault.seal(webhook_id, secret), at=at)
    response.headers["Location"] = f"{router.prefix}/{webhook_id}"
    return NewWebhook.model_validate({**webhook_fields(made), "secret": secret_as_text(secret)})


@router.get("")
async def list_webhooks(services: ServicesHere, viewer: Viewer) -> Webhooks:
    """Return the webhooks of whoever asks; those of all for stewards and the deployment."""
    of = None if looks_after_all(viewer) else viewer.actor
    async with services.database.connection() as connection:
        found = await webhooks.webhooks(connection, of=of)
    return Webhooks(webhooks=[WebhookView.model_validate(webhook_fields(hook)) for hook in found])


@router.get("/{webhook_id}")
async def read_webhook(webhook_id: UUID, services: ServicesHere, viewer: Viewer) -> WebhookView:
    """Return one webhook."""
    async with services.database.connection() as connection:
        found = await webhook_of(connection, viewer, webhook_id)
    return WebhookView.model_validate(webhook_fields(found))


@router.patch("/{webhook_id}")
async def change_webhook(
    webhook_id: UUID, change: WebhookChange, services: ServicesHere, viewer: Viewer
) -> WebhookView:
    """Ask for something else, or switch it off or on again."""
    async with services.database.connection() as connection:
        hook = await webhook_of(connection, viewer, webhook_id, to_change=True)
        await webhooks.change_webhook(connection, webhook_id, change.applied_to(hook))
        if change.active is True and not hook.is_active:
            await webhooks.enable_webhook(connection, webhook_id)
        if change.active is False and hook.is_active:
            at = datetime.now(UTC)
            await webhooks.disable_webhook(connection, webhook_id, reason="by_hand", at=at)
        changed = await webhooks.webhook(connection, webhook_id)
    return WebhookView.model_validate(webhook_fields(changed))


@router.delete("/{webhook_id}", status_code=204)
async def delete_webhook(webhook_id: UUID, services: ServicesHere, viewer: Viewer) -> None:
    """Send nothing more there, and forget its secrets and its log."""
    async with services.database.connection() as connection:
        await webhook_of(connection, viewer, webhook_id, to_change=True)
        await webhooks.delete_webhook(connection, webhook_id)


@router.post("/{webhook_id}/secrets", status_code=201)
async def rotate_secret(
    webhook_id: UUID, rotation: SecretRotation, services: ServicesHere, viewer: Viewer
) -> NewSecret:
    """Sign with a new secret, and for a while with those so far as well."""
    secret, at = new_secret(), datetime.now(UTC)
    async with services.database.connection() as connection:
        await webhook_of(connection, viewer, webhook_id, to_change=True)
        expires_at = at + timedelta(hours=rotation.overlap_hours)
        await webhooks.expire_secrets(connection, webhook_id, expires_at=expires_at)
        await webhooks.add_secret(connection, services.vault.seal(webhook_id, secret), at=at)
    return NewSecret(secret=secret_as_text(secret))


@router.get("/{webhook_id}/deliveries")
async def list_deliveries(
    webhook_id: UUID,
    services: ServicesHere,
    viewer: Viewer,
    before: Annotated[int | None, Query(gt=0, lt=2**63)] = None,
    state: DeliveryState | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Deliveries:
    """Return a page of what was and is to be sent, each with every try.

    What whoever asks may not know of now is left out: a page may be shorter than was asked for.
    """
    async with services.database.connection() as connection:
        await webhook_of(connection, viewer, webhook_id)
        rows = await webhook_deliveries.deliveries_of(
            connection, webhook_id, before=before, state=state, limit=limit + 1
        )
        page = rows[:limit]
        shown = await _known(connection, page, viewer)
        log = await webhook_deliveries.attempts_of(connection, [row.id for row in shown])
    return Deliveries(
        deliveries=[_delivery(row, log.get(row.id, [])) for row in shown],
        next=page[-1].id if len(rows) > limit else None,
    )


@router.post("/{webhook_id}/redeliveries", status_code=202)
async def redeliver(
    webhook_id: UUID, asked: Redelivery, services: ServicesHere, viewer: Viewer
) -> Redelivered:
    """Begin a new series of tries, under the same ids, for these deliveries or all dead ones."""
    async with services.database.connection() as connection:
        hook = await webhook_of(connection, viewer, webhook_id, to_change=True)
        if not hook.is_active:
            raise ProblemError(problems.CONFLICT, "the webhook is switched off; switch it on first")
        count = await webhook_deliveries.redeliver(
            connection, webhook_id, ids=asked.deliveries, at=datetime.now(UTC)
        )
    return Redelivered(redelivered=count)


async def _known(
    connection: Connection, rows: Sequence[DeliveryRow], asking: Asking
) -> list[DeliveryRow]:
    bodies = [row.body.encode() for row in rows]
    told = await told_now(connection, bodies, asking, at=datetime.now(UTC))
    return [row for row, body in zip(rows, told, strict=True) if body is not None]


async def _refuse_place(text: str, services: Services) -> None:
    """Refuse at once what every try would refuse; each try judges the address again."""
    url = httpx.URL(text)
    addresses = services.webhook_addresses
    if url.scheme != "https" and not addresses.is_private_allowed:
        raise _invalid("not_https", "insights are sent by https only")
    try:
        await addresses.of(url.host, url.port or DEFAULT_PORTS[url.scheme])
    except PrivateAddressError:
        raise _invalid("private_address", f"{url.host} has an address that is not public") from None
    except UnknownHostError:
        raise _invalid("unknown_host", f"{url.host} has no address") from None


def _invalid(rule: str, detail: str) -> InvalidInputError:
    return InvalidInputError(InputError("url", rule, detail))


def _delivery(row: DeliveryRow, log: list[Attempt]) -> DeliveryView:
    is_waiting = row.state == DeliveryState.WAITING
    return DeliveryView(
        id=row.id,
        insight=row.insight_id,
        kind=row.kind,
        subject=row.subject,
        recorded_at=row.recorded_at,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at if is_waiting else None,
        settled_at=row.settled_at,
        log=[_attempt(tried) for tried in log],
    )


def _attempt(tried: Attempt) -> AttemptView:
    return AttemptView(
        at=tried.began_at,
        milliseconds=tried.milliseconds,
        outcome=tried.outcome,
        status_code=tried.status_code,
    )
