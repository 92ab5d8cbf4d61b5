"""The account of a contact follows from everything that was said about it, in any order."""

from itertools import permutations

import pytest

from attribution.identity import Link, account_of, links_in, lone_contacts
from schemas.partitioning import lone_home
from tests.attribution.company import HOUR_US, STARTS_US, event

NOT_LINKED = None


def test_the_latest_link_on_purpose_decides() -> None:
    links = [Link("acme", (3, "crm", "1")), Link("bolt", (5, "crm", "2")), Link("ajax", NOT_LINKED)]

    assert {account_of(order) for order in permutations(links)} == {"bolt"}


def test_links_of_one_time_are_ordered_by_source_and_id() -> None:
    links = [Link("acme", (3, "crm", "2")), Link("bolt", (3, "crm", "1"))]

    assert {account_of(order) for order in permutations(links)} == {"acme"}


def test_without_a_link_on_purpose_the_smallest_account_decides() -> None:
    links = [Link("bolt", NOT_LINKED), Link("acme", NOT_LINKED), Link("zeta", NOT_LINKED)]

    assert {account_of(order) for order in permutations(links)} == {"acme"}


def test_without_links_there_is_no_account() -> None:
    with pytest.raises(ValueError):
        account_of([])


def test_every_event_that_names_both_links_and_only_identity_linked_does_so_on_purpose() -> None:
    viewed = event("engagement.page.viewed", 9, account="acme", contact="ada")
    linked = [
        event("identity.linked", hour, account="acme", contact="ada", source="crm", id=str(hour))
        for hour in (1, 2)
    ]
    beside = event("engagement.page.viewed", account="bolt", contact="ada")
    lone = [event("lead.accepted", contact="ben"), event("lead.accepted", account="bolt")]

    for order in permutations([viewed, *linked, beside, *lone]):
        assert links_in(order) == {
            ("ada", "acme"): (STARTS_US + 2 * HOUR_US, "crm", "2"),
            ("ada", "bolt"): None,
        }


def test_a_contact_is_alone_in_events_that_name_no_account() -> None:
    events = [
        event("lead.accepted", contact="ada"),
        event("lead.accepted", contact="ben", account="acme"),
        event("lead.accepted", account="acme"),
    ]

    assert lone_contacts(events) == {"ada"}
    assert lone_home("ada") == "contact:ada"
