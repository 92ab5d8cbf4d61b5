"""Which home each contact's lone events belong to. Homes change only alone in the gate."""

from collections.abc import Collection, Mapping

from attribution.identity import Link, account_of
from attribution.units import Stamp
from schemas.partitioning import lone_home
from storage.arrays import Integers, Texts
from storage.pool import Connection
from storage.statements import statement

Links = Mapping[tuple[str, str], Stamp | None]
"""By contact and account: the stamp of the latest event that linked them on purpose, if any."""


async def claim_homes(
    connection: Connection, lone: Collection[str], links: Links
) -> dict[str, str]:
    """Give new contacts a home, note the links, and return the moves that the links call for.

    The moves, contact to new home, are not made here: who makes them is alone in the gate. Nearly
    every link is that of a contact to its home by a name alone: the home says so already.
    """
    wanted = {contact: lone_home(contact) for contact in lone} | _linked_homes(links)
    known = await _known_homes(connection, wanted)
    telling = {
        (contact, account): stamp
        for (contact, account), stamp in links.items()
        if stamp is not None or known.get(contact, wanted[contact]) != account
    }
    if not telling:
        return {}
    await _note_links(connection, telling)
    return await _moves(connection, {contact for contact, _ in telling if contact in known})


async def homes_of(connection: Connection, contacts: Collection[str]) -> dict[str, str]:
    """Return the home of each of these contacts that is known."""
    if not contacts:
        return {}
    cursor = await connection.execute(statement("homes_of_contacts"), {"contacts": Texts(contacts)})
    return dict(await cursor.fetchall())


async def move_contacts(connection: Connection, homes: Mapping[str, str]) -> None:
    """Give contacts another home. The caller is alone in the gate and moves their events too."""
    await connection.execute(
        statement("move_contacts"), {"contacts": Texts(homes), "homes": Texts(homes.values())}
    )


async def _known_homes(connection: Connection, wanted: Mapping[str, str]) -> dict[str, str]:
    """Give those contacts the wanted home that have none; return the homes of the others."""
    known = await homes_of(connection, wanted)
    new = {contact: home for contact, home in wanted.items() if contact not in known}
    if not new:
        return known
    cursor = await connection.execute(
        statement("insert_contacts"), {"contacts": Texts(new), "homes": Texts(new.values())}
    )
    inserted = {row[0] for row in await cursor.fetchall()}
    # Another batch was faster with some of them, and has committed since.
    return known | await homes_of(connection, new.keys() - inserted)


def _linked_homes(links: Links) -> dict[str, str]:
    homes = dict(links.keys())
    if len(homes) == len(links):  # Each contact was seen at one account: the usual case by far.
        return homes
    by_contact: dict[str, list[Link]] = {}
    for (contact, account), linked_at in links.items():
        by_contact.setdefault(contact, []).append(Link(account, linked_at))
    return {contact: account_of(found) for contact, found in by_contact.items()}


async def _note_links(connection: Connection, links: Links) -> None:
    # What a home alone has said so far is written down before another account is.
    contacts = {contact for contact, _ in links}
    await connection.execute(statement("note_home_links"), {"contacts": Texts(contacts)})
    stamps = [stamp or (None, None, None) for stamp in links.values()]
    await connection.execute(
        statement("upsert_links"),
        {
            "contacts": Texts([contact for contact, _ in links]),
            "accounts": Texts([account for _, account in links]),
            "explicit_us": Integers([stamp[0] for stamp in stamps]),
            "sources": Texts([stamp[1] for stamp in stamps]),
            "ids": Texts([stamp[2] for stamp in stamps]),
        },
    )


async def _moves(connection: Connection, contacts: Collection[str]) -> dict[str, str]:
    if not contacts:
        return {}
    cursor = await connection.execute(statement("links_of_contacts"), {"contacts": Texts(contacts)})
    homes: dict[str, str] = {}
    found: dict[str, list[Link]] = {}
    for contact, home, account, explicit_us, source, event_id in await cursor.fetchall():
        homes[contact] = home
        linked_at = None if explicit_us is None else (explicit_us, source, event_id)
        found.setdefault(contact, []).append(Link(account, linked_at))
    decided = {contact: account_of(links) for contact, links in found.items()}
    return {contact: home for contact, home in decided.items() if home != homes[contact]}
