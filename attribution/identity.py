"""Decides which account a contact belongs to, from everything that was said about it. Pure."""

from collections.abc import Collection
from typing import NamedTuple

from attribution.outcomes import stamp_of
from attribution.units import Stamp
from schemas.events import Event

LINK_TYPE = "identity.linked"


class Link(NamedTuple):
    """A contact was seen at an account; `linked_at` is the latest event that linked it on purpose.

    Without one, the contact was merely named beside the account by another event.
    """

    account: str
    linked_at: Stamp | None


def account_of(links: Collection[Link]) -> str:
    """Return the account that the contact's lone events count for.

    The latest `identity.linked` decides. Without any, the smallest account id does: arbitrary, but
    the same in whatever order the events arrive. Raises ValueError without links.
    """
    linked = [link for link in links if link.linked_at is not None]
    if linked:
        return max(linked, key=lambda link: (link.linked_at, link.account)).account
    return min(link.account for link in links)


def links_in(events: Collection[Event]) -> dict[tuple[str, str], Stamp | None]:
    """Return every (contact, account) that these events name together, and what linked them."""
    found: dict[tuple[str, str], Stamp | None] = {}
    for event in events:
        if event.contact is None or event.account is None:
            continue
        pair = (event.contact, event.account)
        known = found.get(pair)
        if event.type != LINK_TYPE:
            found.setdefault(pair, None)
        elif known is None or stamp_of(event) > known:
            found[pair] = stamp_of(event)
    return found


def lone_contacts(events: Collection[Event]) -> set[str]:
    """Return the contacts of events that name no account."""
    return {e.contact for e in events if e.account is None and e.contact is not None}
