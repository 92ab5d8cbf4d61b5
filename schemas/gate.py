"""The gate: what an event must lose or change before it enters the log. Pure and idempotent."""

from dataclasses import dataclass

import msgspec

from schemas.accounts import account_name, is_free_mail
from schemas.envelope import MAX_NAME
from schemas.events import Event, InvalidEvent
from schemas.pseudonyms import domain_of_address, pseudonymised, pseudonymised_value
from schemas.staff import without_staff

_NAMES = ("source", "id", "contact", "campaign", "content", "channel", "deal")


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
    """The event as the log may hold it: no e-mail address, no staff, the account by its one name."""
    key = rules.hash_key
    names = {name: _clean(event, name, key) for name in _NAMES}
    account = _account_of(event)
    if account is None and names["contact"] is None:
        raise InvalidEvent("account", "missing", "an event names its account, contact or both")
    data = pseudonymised_value(without_staff(event.data, rules.allowed_staff_fields), key)
    return msgspec.structs.replace(event, account=account, data=data, **names)


def _clean(event: Event, name: str, key: bytes) -> str | None:
    text: str | None = getattr(event, name)
    if text is None:
        return None
    cleaned = pseudonymised(text, key)
    if len(cleaned) > MAX_NAME:
        raise InvalidEvent(name, "too_long", "with its e-mail address replaced by a hash")
    return cleaned


def _account_of(event: Event) -> str | None:
    if event.account is None:
        return None
    text = event.account.strip()
    account = account_name(domain_of_address(text) or text)
    if not is_free_mail(account):
        return account
    if event.contact is None or event.type == "identity.linked":
        raise InvalidEvent("account", "free_mail_domain", "name the company, or the contact alone")
    return None
