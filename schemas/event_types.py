"""The built-in event types, one row each: codec, published schemas and documents read this."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas import payloads
from schemas.payloads import Payload


@dataclass(frozen=True)
class EventType:
    """One built-in type: what it means, what its data holds, which attributes it needs."""

    name: str
    payload: type[Payload]
    meaning: str
    version: int = 1
    required: tuple[str, ...] = ()
    """Attributes needed beyond those of every event and one of account and contact."""

    @property
    def family(self) -> str:
        """The first word of the name."""
        return self.name.partition(".")[0]

    @property
    def has_amount(self) -> bool:
        """Whether data may carry an amount of money."""
        return issubclass(self.payload, payloads.Deal)

    @property
    def contract(self) -> str:
        """The name that published files and examples of this version carry."""
        return f"{self.name}.v{self.version}"


def _engagement() -> tuple[EventType, ...]:
    rows = (
        ("email.sent", payloads.Mail, "A mail was sent to a contact."),
        ("email.delivered", payloads.Mail, "A mail reached the mailbox of a contact."),
        ("email.opened", payloads.Mail, "A contact opened a mail."),
        ("email.clicked", payloads.MailClick, "A contact followed a link in a mail."),
        ("email.replied", payloads.Mail, "A contact answered a mail."),
        ("email.bounced", payloads.MailBounce, "A mail could not be delivered."),
        ("email.unsubscribed", payloads.Mail, "A contact wants no more mails."),
        ("page.viewed", payloads.PageView, "A contact or account looked at a page."),
        ("content.viewed", payloads.ContentUse, "A piece of content was looked at."),
        ("content.downloaded", payloads.ContentUse, "A piece of content was downloaded."),
        ("form.submitted", payloads.FormSubmission, "A form was submitted."),
        ("ad.shown", payloads.AdContact, "An advertisement was shown."),
        ("ad.clicked", payloads.AdContact, "An advertisement was clicked."),
        ("event.registered", payloads.Gathering, "A contact registered for a webinar or fair."),
        ("event.attended", payloads.Gathering, "A contact attended a webinar or fair."),
        ("meeting.booked", payloads.Meeting, "A meeting was booked."),
        ("meeting.held", payloads.Meeting, "A meeting took place."),
        ("call.made", payloads.Call, "A telephone call was made."),
    )
    return tuple(EventType(f"engagement.{name}", kind, meaning) for name, kind, meaning in rows)


def _funnel() -> tuple[EventType, ...]:
    leads = (
        ("created", payloads.Lead, "A contact entered the funnel as a lead."),
        ("qualified", payloads.Lead, "Marketing holds a lead to be ready for sales."),
        ("accepted", payloads.Lead, "Sales accepted a lead."),
        ("rejected", payloads.LeadRejection, "Sales rejected a lead and said why."),
    )
    deals = (
        ("created", payloads.Deal, "A deal was opened."),
        ("stage_changed", payloads.DealStage, "A deal moved to another stage."),
        ("amount_changed", payloads.DealAmount, "A deal is worth another amount."),
        ("won", payloads.Deal, "A deal was won."),
        ("lost", payloads.DealLoss, "A deal was lost."),
        ("reopened", payloads.Deal, "A deal that was won or lost is open again."),
    )
    return (
        *(EventType(f"lead.{name}", kind, meaning) for name, kind, meaning in leads),
        *(
            EventType(f"deal.{name}", kind, meaning, required=("deal",))
            for name, kind, meaning in deals
        ),
    )


EVENT_TYPES: Mapping[str, EventType] = MappingProxyType(
    {
        row.name: row
        for row in (
            EventType(
                "experiment.exposure", payloads.Exposure, "A unit met a variant of an experiment."
            ),
            *_engagement(),
            *_funnel(),
            EventType(
                "identity.linked",
                payloads.Link,
                "A contact belongs to an account.",
                required=("account", "contact"),
            ),
        )
    }
)
BUILT_IN_NAMESPACES = frozenset(row.family for row in EVENT_TYPES.values())
