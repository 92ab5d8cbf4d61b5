"""The partition key of an event: all that counts for one account is in one place."""

from schemas.events import Event, InvalidEvent

CONTACT_PREFIX = "contact:"
"""What a home starts with that is no account."""


def partition_key(event: Event, *, account_of_contact: str | None = None) -> bytes:
    """The account, else the account that the contact is linked to, else `contact:<id>`."""
    return home_of(event, account_of_contact=account_of_contact).encode()


def home_of(event: Event, *, account_of_contact: str | None = None) -> str:
    """The account that the event counts for, as text."""
    account = event.account or account_of_contact
    if account is not None:
        return account
    if event.contact is None:
        raise InvalidEvent("account", "missing", "an event names its account, contact or both")
    return lone_home(event.contact)


def lone_home(contact: str) -> str:
    """Return the home of a contact that no account is known for."""
    return CONTACT_PREFIX + contact
