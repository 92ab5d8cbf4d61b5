"""Whose a webhook is: its owner is sent what they may see, and it is theirs to look after."""

from datetime import datetime
from uuid import UUID

from api.identity import Asking, Machine, SignedIn
from api.insight_sight import is_deployment
from api.webhook_sender import Outcome
from schemas.people import Person, Role
from schemas.scopes import Scope, scopes_of
from storage.pool import Connection
from storage.webhook_owners import Owner, owner
from storage.webhooks import UnknownWebhookError, Webhook, webhook


async def owner_of(connection: Connection, created_by: str, *, at: datetime) -> Asking | Outcome:
    """Return who is sent what a webhook sends, as they stand now, or why nobody is."""
    found = await owner(connection, created_by, at=at)
    if found is None:
        return Outcome.OWNER_GONE
    asking = _asking(found)
    return asking if asking.may(Scope.WEBHOOKS_WRITE) else Outcome.OWNER_MAY_NOT


async def webhook_of(
    connection: Connection, asking: Asking, webhook_id: UUID, *, to_change: bool = False
) -> Webhook:
    """Return a webhook that is theirs to look after. Raises UnknownWebhookError for all others."""
    found = await webhook(connection, webhook_id, to_change=to_change)
    if not looks_after_all(asking) and found.created_by != asking.actor:
        raise UnknownWebhookError(f"no webhook has the id {webhook_id}")
    return found


def looks_after_all(asking: Asking) -> bool:
    """Tell whether they look after the webhooks of others: stewards, and the deployment itself."""
    if isinstance(asking, SignedIn):
        return Role.STEWARD in asking.roles
    return is_deployment(asking)


def _asking(found: Owner) -> Asking:
    if isinstance(found, Person):
        return SignedIn(
            person=found.id,
            name=found.name,
            side=found.side,
            roles=frozenset(found.roles),
            teams=frozenset(found.teams),
            scopes=scopes_of(found.roles),
            session=b"",  # nobody has to be signed in to be sent something
        )
    return Machine(token=found.id, name=found.name, scopes=found.scopes)
