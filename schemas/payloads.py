"""The payload of every built-in type: what is known of `data`; other fields are kept beside it."""

from typing import Annotated

import msgspec

from schemas.envelope import Name

Text = Annotated[str, msgspec.Meta(max_length=8192)]
Amount = Annotated[
    int
    | Annotated[
        str, msgspec.Meta(extra_json_schema={"pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,4})?$"})
    ],
    msgspec.Meta(
        description="a decimal string with the decimals of its currency, or integer minor units"
    ),
]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]
Contacts = Annotated[list[Name], msgspec.Meta(max_length=1000)]


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every payload is: an object of which a part is known."""


class Exposure(Payload, frozen=True, kw_only=True):
    """A unit met the variant of an experiment."""

    experiment: Name
    variant: Name


class Mail(Payload, frozen=True, kw_only=True):
    """Something happened to a mail."""

    message: Name | None = None


class MailClick(Mail, frozen=True, kw_only=True):
    """A link in a mail was followed."""

    url: Text | None = None


class MailBounce(Mail, frozen=True, kw_only=True):
    """A mail came back."""

    reason: Text | None = None


class PageView(Payload, frozen=True, kw_only=True):
    """A page was looked at."""

    url: Text | None = None
    referrer: Text | None = None


class ContentUse(Payload, frozen=True, kw_only=True):
    """A piece of content was looked at or taken along."""

    title: Text | None = None


class FormSubmission(Payload, frozen=True, kw_only=True):
    """A form was sent."""

    form: Name | None = None


class AdContact(Payload, frozen=True, kw_only=True):
    """An advertisement was shown or clicked."""

    placement: Name | None = None


class Gathering(Payload, frozen=True, kw_only=True):
    """A webinar, a fair or another event for many."""

    event: Name | None = None


class Meeting(Payload, frozen=True, kw_only=True):
    """A meeting of a few."""

    meeting: Name | None = None


class Call(Payload, frozen=True, kw_only=True):
    """A telephone call."""

    result: Name | None = None


class Lead(Payload, frozen=True, kw_only=True):
    """A contact entered the funnel or moved in it."""

    origin: Name | None = None


class LeadRejection(Lead, frozen=True, kw_only=True):
    """Sales said no to a lead, and why."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]


class Deal(Payload, frozen=True, kw_only=True):
    """A deal as it stands now; what is absent is unchanged."""

    stage: Name | None = None
    amount: Amount | None = None
    currency: Currency | None = None
    contacts: Contacts | None = None


class DealStage(Deal, frozen=True, kw_only=True):
    """A deal is in another stage."""

    stage: Name


class DealAmount(Deal, frozen=True, kw_only=True):
    """A deal is worth another amount."""

    amount: Amount
    currency: Currency


class DealLoss(Deal, frozen=True, kw_only=True):
    """A deal is lost, perhaps with a reason."""

    reason: Text | None = None


class Link(Payload, frozen=True, kw_only=True):
    """A contact belongs to an account; the attributes say all of it."""
