"""The gate: what an event must lose or change before it enters the log. Pure and idempotent."""

from dataclasses import dataclass
from typing import Any

from schemas.accounts import account_name, is_free_mail
from schemas.envelope import MAX_NAME
from schemas.events import Event, InvalidEvent
from schemas.pseudonyms import (
    address_in,
    domain_of_address,
    pseudonym_of,
    pseudonymised,
)
from schemas.staff import names_staff


@dataclass(frozen=True)
class GateRules:
    """What the gate needs to know: the secret of the pseudonyms, and staff fields let through."""

    hash_key: bytes
    allowed_staff_fields: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a key that could be guessed."""
        if len(self.hash_key) < 16:
            raise ValueError("hash_key: at least 16 bytes")


def normalise(event: Event, rules: GateRules) -> Event:
    """The event as the log may hold it: no e-mail address, no staff, accounts by their one name."""
    key = rules.hash_key
    account, contact = _account_of(event, key), _contact_of(event, key)
    if account is None and contact is None:
        raise InvalidEvent("account", "missing", "an event names its account, contact or both")
    return Event(
        source=_clean(event.source, "source", key),
        id=_clean(event.id, "id", key),
        type=event.type,
        time_us=event.time_us,
        account=account,
        contact=contact,
        campaign=_label(event.campaign, "campaign", key),
        content=_label(event.content, "content", key),
        channel=_label(event.channel, "channel", key),
        deal=_label(event.deal, "deal", key),
        amount=event.amount,
        currency=event.currency,
        data=_cleaned_fields(event.data, rules),
    )


def _account_of(event: Event, key: bytes) -> str | None:
    text = _stripped(event.account, "account")
    if text is None:
        return None
    account = account_name(domain_of_address(text) or text)
    if not is_free_mail(account):
        return _clean(account, "account", key)
    if event.contact is None or event.type == "identity.linked":
        raise InvalidEvent("account", "free_mail_domain", "name the company, or the contact alone")
    return None


def _contact_of(event: Event, key: bytes) -> str | None:
    text = _stripped(event.contact, "contact")
    address = address_in(text) if text else None
    return pseudonym_of(address, key) if address else text


def _label(text: str | None, name: str, key: bytes) -> str | None:
    stripped = _stripped(text, name)
    return None if stripped is None else _clean(stripped, name, key)


def _stripped(text: str | None, name: str) -> str | None:
    if text is None:
        return None
    stripped = text.strip()
    if not stripped:
        raise InvalidEvent(name, "empty", "leave it out, or let it say something")
    return stripped


def _clean(text: str, name: str, key: bytes) -> str:
    cleaned = pseudonymised(text, key)
    if len(cleaned) > MAX_NAME:
        raise InvalidEvent(name, "too_long", "with its e-mail address replaced by a hash")
    return cleaned


def _cleaned_fields(fields: dict[str, Any], rules: GateRules) -> dict[str, Any]:
    return {
        pseudonymised(name, rules.hash_key): _cleaned_value(value, rules)
        for name, value in fields.items()
        if not names_staff(name) or name in rules.allowed_staff_fields
    }


def _cleaned_value(value: Any, rules: GateRules) -> Any:
    if isinstance(value, str):
        return pseudonymised(value, rules.hash_key)
    if isinstance(value, dict):
        return _cleaned_fields(value, rules)
    if isinstance(value, list):
        return [_cleaned_value(item, rules) for item in value]
    return value
