"""What may be asked for when a webhook is registered, and what is answered about it."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import httpx
from pydantic import AfterValidator, BaseModel, Field, model_validator

from schemas.insights import INSIGHT_TYPES
from schemas.resources import Key, Resource
from storage.webhook_deliveries import DeliveryState
from storage.webhooks import Wanted, Webhook


def _known_kind(kind: str) -> str:
    if kind not in INSIGHT_TYPES:
        raise ValueError(f"{kind!r} is none of {', '.join(INSIGHT_TYPES)}")
    return kind


def _usable_url(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ValueError(f"this is no URL: {error}") from None
    if url.scheme not in {"https", "http"} or not url.raw_host:
        raise ValueError("an URL of https with a host")
    if url.userinfo or url.fragment:
        raise ValueError("an URL without user, password and fragment")
    if url.port is not None and not 0 < url.port < 65_536:
        raise ValueError("a port from 1 to 65535")
    return text


Kind = Annotated[str, AfterValidator(_known_kind)]
Url = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_usable_url)]
Note = Annotated[str, Field(max_length=500)]
Kinds = Annotated[tuple[Kind, ...], Field(max_length=len(INSIGHT_TYPES))]
ExperimentKeys = Annotated[tuple[Key, ...], Field(max_length=1_000)]


class WebhookDraft(Resource):
    """Where to send insights; of which kinds and experiments, of all where none is named."""

    url: Url
    kinds: Kinds = ()
    experiments: ExperimentKeys = ()
    note: Note = ""

    @property
    def wanted(self) -> Wanted:
        """What it asks for."""
        return Wanted(kinds=set(self.kinds), experiments=set(self.experiments), note=self.note)


class WebhookChange(Resource):
    """What is to be different; what is absent stays as it is."""

    active: bool | None = None
    kinds: Kinds | None = None
    experiments: ExperimentKeys | None = None
    note: Note | None = None

    def applied_to(self, hook: Webhook) -> Wanted:
        """Return what the webhook asks for afterwards."""
        return Wanted(
            kinds=set(hook.kinds if self.kinds is None else self.kinds),
            experiments=set(hook.experiments if self.experiments is None else self.experiments),
            note=hook.note if self.note is None else self.note,
        )


class SecretRotation(Resource):
    """How long the secrets so far go on signing beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 24


class Redelivery(Resource):
    """Which deliveries to begin anew; all dead ones where none is named."""

    deliveries: Annotated[tuple[int, ...], Field(min_length=1, max_length=1_000)] | None = None

    @model_validator(mode="after")
    def _ids_fit(self) -> Self:
        if any(not 0 < number < 2**63 for number in self.deliveries or ()):
            raise ValueError("deliveries: each a positive integer of 64 bits")
        return self


class WebhookView(BaseModel):
    """A webhook as it stands; its secret is never shown again."""

    id: UUID
    url: str
    kinds: list[str]
    experiments: list[str]
    note: str
    active: bool
    created_by: str | None
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None


class NewWebhook(WebhookView):
    """A webhook just made, with the secret that its receiver needs; it is shown this once."""

    secret: str


class NewSecret(BaseModel):
    """A secret just made; it is shown this once."""

    secret: str


class Webhooks(BaseModel):
    """Every webhook."""

    webhooks: list[WebhookView]


class AttemptView(BaseModel):
    """One try."""

    at: datetime
    milliseconds: int
    outcome: str
    status_code: int | None


class DeliveryView(BaseModel):
    """What a webhook is or was to be sent; `insight` is the id that its receiver sees."""

    id: int
    insight: UUID
    kind: str
    subject: str
    recorded_at: datetime
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    settled_at: datetime | None
    log: list[AttemptView]


class Deliveries(BaseModel):
    """A page of deliveries, the newest first; `next` is the `before` of the next one."""

    deliveries: list[DeliveryView]
    next: int | None


class Redelivered(BaseModel):
    """How many deliveries begin anew."""

    redelivered: int


def webhook_fields(hook: Webhook) -> dict[str, object]:
    """The fields of a view."""
    return {
        name: getattr(hook, "is_active" if name == "active" else name)
        for name in WebhookView.model_fields
    }
