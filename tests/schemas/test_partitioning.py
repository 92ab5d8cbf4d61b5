import pytest

from schemas.events import Event, InvalidEvent
from schemas.partitioning import home_of, partition_key


def event(account: str | None, contact: str | None) -> Event:
    return Event(
        source="s", id="1", type="lead.created", time_us=0, account=account, contact=contact
    )


@pytest.mark.parametrize(
    ("account", "contact", "linked", "key"),
    [
        ("acme", "c-1", "other", b"acme"),
        (None, "c-1", "acme", b"acme"),
        (None, "c-1", None, b"contact:c-1"),
        ("Łódź", None, None, "Łódź".encode()),
    ],
)
def test_all_that_counts_for_one_account_has_one_key(
    account: str | None, contact: str | None, linked: str | None, key: bytes
) -> None:
    sent = event(account, contact)

    assert partition_key(sent, account_of_contact=linked) == key
    assert home_of(sent, account_of_contact=linked).encode() == key


def test_an_event_of_nobody_has_no_key() -> None:
    with pytest.raises(InvalidEvent, match="account: missing"):
        partition_key(event(None, None))
