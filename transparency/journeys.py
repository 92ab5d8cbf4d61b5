"""Contacts within journeys: open only where the reader serves the account."""

from transparency.trees import Node, objects_in, text_of


def without_closed_contacts(document: Node, accounts: frozenset[str]) -> Node:
    """Return the document with contacts only in journeys of these accounts."""
    if "journeys" not in document:
        return document
    journeys = [
        journey if text_of(journey, "account") in accounts else _closed(journey)
        for journey in objects_in(document["journeys"])
    ]
    return {**document, "journeys": journeys}


def has_closed_contacts(document: Node, accounts: frozenset[str]) -> bool:
    """Tell whether a journey of another account names a contact."""
    return any(
        "contact" in touch
        for journey in objects_in(document.get("journeys"))
        if text_of(journey, "account") not in accounts
        for touch in objects_in(journey.get("touches"))
    )


def _closed(journey: Node) -> Node:
    touches = [
        {name: item for name, item in touch.items() if name != "contact"}
        for touch in objects_in(journey.get("touches"))
    ]
    return {**journey, "touches": touches}
