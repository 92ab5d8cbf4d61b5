"""The account that a contact's lone events count for, so that they go where its history is.

A hint, never a promise: where it is wrong or cannot be had, the event is keyed by its contact and
attribution still finds the account. So a database that is down costs speed, no event.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence

from api.database import Database, DatabaseUnreachableError
from attribution.identity import Link, account_of, links_in, lone_contacts
from schemas.events import Event
from schemas.partitioning import CONTACT_PREFIX
from storage.contacts import homes_of
from storage.pool import UNREACHABLE

KNOWN_SECONDS = 60.0
UNKNOWN_SECONDS = 2.0
"""A contact that no account is known for may be linked any moment."""
LOOK_UP_SECONDS = 1.0
PAUSE_SECONDS = 5.0
MOST_CONTACTS = 100_000

_LOG = logging.getLogger(__name__)


class ContactAccounts:
    """Looks accounts up, many at once, and remembers them for a while."""

    def __init__(self, database: Database) -> None:
        """Take the database to look in."""
        self._database = database
        self._known: OrderedDict[str, tuple[str | None, float]] = OrderedDict()
        self._paused_until = 0.0

    async def of(self, events: Sequence[Event]) -> dict[str, str]:
        """Return the account of each contact that stands alone in one of these events, if known."""
        lone = lone_contacts(events)
        if not lone:
            return {}
        now = time.monotonic()
        unknown = [contact for contact in lone if not self._is_fresh(contact, now)]
        if unknown and now >= self._paused_until:
            await self._look_up(unknown, now)
        found = {contact: self._known[contact][0] for contact in lone if contact in self._known}
        accounts = {contact: account for contact, account in found.items() if account is not None}
        return _linked_here(events, lone - accounts.keys()) | accounts

    def forget(self, events: Iterable[Event]) -> None:
        """Forget what these events may change."""
        for event in events:
            if event.contact is not None and event.account is not None:
                self._known.pop(event.contact, None)

    def _is_fresh(self, contact: str, now: float) -> bool:
        return contact in self._known and self._known[contact][1] > now

    async def _look_up(self, contacts: Collection[str], now: float) -> None:
        try:
            async with (
                asyncio.timeout(LOOK_UP_SECONDS),
                self._database.connection(within=LOOK_UP_SECONDS) as connection,
            ):
                homes = await homes_of(connection, contacts)
        except (DatabaseUnreachableError, TimeoutError, *UNREACHABLE) as error:
            _LOG.warning("Contacts are keyed without their accounts for a while: %r", error)
            self._paused_until = now + PAUSE_SECONDS
            return
        for contact in contacts:
            home = homes.get(contact)
            account = None if home is None or home.startswith(CONTACT_PREFIX) else home
            self._known[contact] = (account, now + (KNOWN_SECONDS if account else UNKNOWN_SECONDS))
            self._known.move_to_end(contact)
        while len(self._known) > MOST_CONTACTS:
            self._known.popitem(last=False)


def _linked_here(events: Sequence[Event], contacts: Collection[str]) -> dict[str, str]:
    """Accounts that the same request names beside contacts which nobody knows so far."""
    links: dict[str, list[Link]] = {}
    named = [event for event in events if event.contact in contacts]
    for (contact, account), linked_at in links_in(named).items():
        links.setdefault(contact, []).append(Link(account, linked_at))
    return {contact: account_of(found) for contact, found in links.items()}
