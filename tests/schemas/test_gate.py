import re
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.accounts import account_name
from schemas.event_types import EVENT_TYPES
from schemas.events import Event, InvalidEvent
from schemas.free_mail import FREE_MAIL_DOMAINS
from schemas.gate import GateRules, normalise
from schemas.staff import STAFF_FIELDS
from tests.schemas.events import UNHURRIED, events

KEY = b"a key of this deployment"
RULES = GateRules(KEY)
# openssl dgst -sha256 -hmac "a key of this deployment" of ada@example.com, first 32 digits
ADA = "c_3279b6fd16a6dfcf7046b5c6fe849632"


def event(**changes: Any) -> Event:
    known = {"source": "crm", "id": "1", "type": "lead.created", "time_us": 0, "account": "acme"}
    return Event(**(known | changes))


@pytest.mark.parametrize(
    "contact",
    [
        "ada@example.com",
        "Ada@Example.COM",
        "  ada@example.com\t",
        "mailto:ada@example.com",
        "Ada Lovelace <ada@example.com>",
        "ada%40example.com",
    ],
)
def test_an_address_becomes_the_same_keyed_hash_however_it_is_written(contact: str) -> None:
    normal = normalise(event(contact=contact), RULES)

    assert normal.contact == ADA


def test_another_key_gives_another_pseudonym() -> None:
    other = normalise(event(contact="ada@example.com"), GateRules(b"another key, as long"))

    assert other.contact != ADA


def test_a_pseudonymous_id_stays_as_it_is() -> None:
    normal = normalise(event(contact="0035g00000XyZ"), RULES)

    assert normal.contact == "0035g00000XyZ"


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="hash_key"):
        GateRules(b"guess me")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("ada@example.com", ADA),
        ("asked by ada@example.com, today", f"asked by {ADA}, today"),
        ("https://x.example/?mail=ada@example.com&a=1", f"https://x.example/?mail={ADA}&a=1"),
        ("https://x.example/?mail=ada%40example.com&a=1", f"https://x.example/?mail={ADA}&a=1"),
        ({"cc": ["ada@example.com"]}, {"cc": [ADA]}),
        ({"ada@example.com": 1}, {ADA: 1}),
        ("left@right, 5 @ 3, v1@2.0", "left@right, 5 @ 3, v1@2.0"),
        ("100%40", "100%40"),
    ],
)
def test_no_address_stays_in_the_payload(sent: Any, kept: Any) -> None:
    normal = normalise(event(data={"note": sent}), RULES)

    assert normal.data == {"note": kept}


@pytest.mark.parametrize("name", ["source", "id", "campaign", "content", "channel", "deal"])
def test_no_address_stays_in_an_attribute(name: str) -> None:
    normal = normalise(event(**{name: "from ada@example.com"}), RULES)

    assert getattr(normal, name) == f"from {ADA}"


def test_contacts_of_a_deal_get_the_pseudonyms_of_contacts() -> None:
    normal = normalise(event(type="deal.won", data={"contacts": ["ada@example.com"]}), RULES)

    assert normal.data["contacts"] == [ADA]


def test_an_attribute_that_grows_too_long_is_refused() -> None:
    addresses = ",".join(["a@b.io"] * 30)

    with pytest.raises(InvalidEvent, match="campaign: too_long"):
        normalise(event(campaign=addresses), RULES)


def test_an_attribute_of_blanks_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="account: empty"):
        normalise(event(account=" \u00a0"), RULES)


@pytest.mark.parametrize(
    ("sent", "account"),
    [
        ("acme.com", "acme.com"),
        ("ACME.com", "acme.com"),
        ("www.acme.com", "acme.com"),
        ("https://www.acme.com/about?x=1#y", "acme.com"),
        ("http://acme.com:8080", "acme.com"),
        ("acme.com.", "acme.com"),
        ("shop.acme.co.uk", "shop.acme.co.uk"),
        ("www.com", "www.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("ada@Acme.com", "acme.com"),
        ("  acme.com ", "acme.com"),
        ("0015g00000AbCdE", "0015g00000AbCdE"),
        ("Acme Ltd.", "Acme Ltd."),
        ("ACME-77.3", "ACME-77.3"),
        ("Acme <ada@example.com>", f"Acme <{ADA}>"),
    ],
)
def test_an_account_has_one_name(sent: str, account: str) -> None:
    normal = normalise(event(account=sent), RULES)

    assert normal.account == account


@pytest.mark.parametrize("account", ["gmail.com", "www.GMail.com", "ada@web.de", "https://qq.com/"])
def test_a_free_mail_domain_is_dropped_where_a_contact_is_named(account: str) -> None:
    normal = normalise(event(account=account, contact="c-1"), RULES)

    assert (normal.account, normal.contact) == (None, "c-1")


@pytest.mark.parametrize(
    "changes", [{"contact": None}, {"contact": "c-1", "type": "identity.linked"}]
)
def test_a_free_mail_domain_is_refused_where_an_account_is_needed(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match="account: free_mail_domain"):
        normalise(event(account="gmail.com", **changes), RULES)


def test_free_mail_domains_are_written_as_accounts_are() -> None:
    assert {account_name(domain) for domain in FREE_MAIL_DOMAINS} == FREE_MAIL_DOMAINS


@pytest.mark.parametrize(
    "name",
    ["owner", "owner_id", "OwnerId", "sender", "sales_rep", "salesRep", "sdr_id", "sr_id",
     "assigned_to", "Assigned-To", "hubspot_owner_id"],
)  # fmt: skip
def test_a_field_that_names_staff_is_dropped_at_any_depth(name: str) -> None:
    sent = {name: "x", "stage": "won", "parts": [{name: "x", "n": 1}]}

    normal = normalise(event(data=sent), RULES)

    assert normal.data == {"stage": "won", "parts": [{"n": 1}]}


def test_a_staff_field_that_a_steward_allows_by_name_is_kept() -> None:
    rules = GateRules(KEY, allowed_staff_fields=frozenset({"owner_id"}))

    normal = normalise(event(data={"owner_id": "x", "owner": "y"}), rules)

    assert normal.data == {"owner_id": "x"}


def test_no_field_of_a_built_in_payload_is_taken_for_staff() -> None:
    fields = {name for row in EVENT_TYPES.values() for name in row.payload.__struct_fields__}

    assert not fields & STAFF_FIELDS


# An independent and simpler idea of an address: something, an at sign, labels with a dot between.
ADDRESS = re.compile(r"[^\s@<>()\[\],;:]@(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE | re.ASCII)
scraps = st.sampled_from(
    [*"@.%-_+=/?&<>\" '", "%40", "a", "b.io", "xn--p1ai", "Ω", "[1.1]", "mailto:"]
)
texts_with_addresses = st.lists(st.emails() | scraps, min_size=1, max_size=6).map("".join)


@UNHURRIED
@given(texts_with_addresses)
@example("a@b.com@c.com")
@example("a@b.com.@c.com")
@example("a@b.com@d@c.com")
@example('"a b"@c.com')
def test_no_text_keeps_an_address(text: str) -> None:
    normal = normalise(event(contact=text + "x", campaign=None, data={"text": text}), RULES)

    assert not ADDRESS.search(normal.data["text"])
    assert not ADDRESS.search(normal.contact or "")


@UNHURRIED
@given(texts_with_addresses, events())
def test_what_is_normal_stays_as_it_is(text: str, sent: Event) -> None:
    changed = msgspec.structs.replace(sent, data=sent.data | {text: text}, contact=text + "x")

    once = normalise(changed, RULES)

    assert normalise(once, RULES) == once


web_address_parts = st.sampled_from([*"aß1-_./:?# ", "www.", "https://", ".com", "ⓦ", "ﬁ", "A.B"])


@UNHURRIED
@given(st.text() | st.lists(web_address_parts, max_size=8).map("".join))
def test_an_account_name_is_its_own_name(text: str) -> None:
    once = account_name(text)

    assert account_name(once) == once
