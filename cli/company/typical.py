"""Valid events in bulk for measurements: the usual mix and size, made far faster than they flow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.codec import encode
from schemas.events import Event

Integers: TypeAlias = NDArray[np.int64]
Experiments: TypeAlias = Sequence[tuple[str, Sequence[str]]]
"""Keys of experiments with their variants."""

SOURCE = "urn:simulated:typical"
CONTACTS = 5
"""Contacts of an account."""
CHUNK = 50_000
"""Events that are made at once: enough to spread the cost of a step, few enough to hold."""

MIX = (
    ("engagement.page.viewed", 0.46),
    ("engagement.email.delivered", 0.22),
    ("engagement.email.opened", 0.18),
    ("engagement.email.clicked", 0.05),
    ("engagement.form.submitted", 0.04),
    ("lead.created", 0.03),
    ("lead.accepted", 0.02),
)
_ID, _ACCOUNT, _CONTACT = b'"id":"typical-', b'"account":"account-', b'"contact":"contact-'
_TIME = b'"time":"'
_ID_DIGITS, _ACCOUNT_DIGITS = 16, 7
MOST_ACCOUNTS = 10**_ACCOUNT_DIGITS
_TIME_WIDTH = len("2020-09-13T12:26:40.123456Z")


@dataclass(frozen=True, slots=True)
class Rows:
    """Events to be written: of each its template, number, account and time."""

    templates: Integers
    numbers: Integers
    accounts: Integers
    times_us: Integers

    def __len__(self) -> int:
        return len(self.numbers)


class Templates:
    """Encoded events in which the fields that differ from event to event have a fixed width.

    First those of `MIX`, in its order, then one for each variant of each experiment.
    """

    def __init__(self, experiments: Experiments = ()) -> None:
        touches = [_touch(event_type) for event_type, _ in MIX]
        exposures = [_exposure(key, v) for key, variants in experiments for v in variants]
        self._encoded = [np.frombuffer(encode(e), np.uint8) for e in (*touches, *exposures)]

    def write(self, rows: Rows) -> list[bytes]:
        """Return the events, in their order."""
        _check_width("numbers", rows.numbers, _ID_DIGITS)
        _check_width("accounts", rows.accounts, _ACCOUNT_DIGITS)
        written: list[bytes] = [b""] * len(rows)
        order = np.argsort(rows.templates, kind="stable")
        cuts = np.flatnonzero(np.diff(rows.templates[order])) + 1
        fields = _fields(rows)
        for same in np.split(order, cuts) if len(rows) else ():
            events = _fill(self._encoded[rows.templates[same[0]]], fields, same)
            for place, event in zip(same.tolist(), events, strict=True):
                written[place] = event
        return written


def touches(
    random: np.random.Generator, count: int, accounts: int, skew: float = 0.0
) -> tuple[Integers, Integers]:
    """Draw templates and accounts of touches; `skew` 0 is uniform, 1 as in Zipf's law.

    In between, the share `skew` of the touches is drawn by Zipf's law and the rest uniformly.
    """
    kinds = random.choice(len(MIX), count, p=[share for _, share in MIX]).astype(np.int64)
    uniform = random.random(count)
    drawn = (uniform * accounts).astype(np.int64)
    if skew:
        # Ranks whose logarithm is uniform: the k-th account has a share proportional to 1/k.
        ranks = (accounts + 1.0) ** random.random(count)
        drawn = np.where(random.random(count) < skew, ranks.astype(np.int64) - 1, drawn)
    return kinds, np.minimum(drawn, accounts - 1)


def account_names(accounts: Integers) -> NDArray[np.uint8]:
    """Return the names of accounts as a row of characters each; they are of one length."""
    names = np.tile(np.frombuffer(b"account-%07d.example" % 0, np.uint8), (len(accounts), 1))
    names[:, len("account-") : len("account-") + _ACCOUNT_DIGITS] = _digits(
        accounts, _ACCOUNT_DIGITS
    )
    return names


def _check_width(name: str, values: Integers, digits: int) -> None:
    """Refuse what would be cut to its last digits: two events under one id, or account."""
    if len(values) and not 0 <= values.min() <= values.max() < 10**digits:
        raise ValueError(f"{name}: from 0 to {10**digits - 1}")


def _touch(event_type: str) -> Event:
    return _event(event_type, data={"message": "mailing-3"})


def _exposure(experiment: str, variant: str) -> Event:
    return _event("experiment.exposure", data={"experiment": experiment, "variant": variant})


def _event(event_type: str, data: dict[str, str]) -> Event:
    return Event(
        source=SOURCE,
        id=f"typical-{0:0{_ID_DIGITS}}",
        type=event_type,
        time_us=1_600_000_000_123_456,
        account=f"account-{0:0{_ACCOUNT_DIGITS}}.example",
        contact=f"contact-{0:0{_ACCOUNT_DIGITS}}-0",
        campaign="always-on",
        channel="email",
        data=data,
    )


def _fields(rows: Rows) -> list[tuple[bytes, NDArray[np.uint8]]]:
    """Return what is to be written, a row of characters for each event, and after which mark."""
    accounts = _digits(rows.accounts, _ACCOUNT_DIGITS)
    dash = np.full((len(rows), 1), ord("-"), np.uint8)
    contacts = np.hstack([accounts, dash, _digits(rows.numbers % CONTACTS, 1)])
    return [
        (_ID, _digits(rows.numbers, _ID_DIGITS)),
        (_ACCOUNT, accounts),
        (_CONTACT, contacts),
        (_TIME, _times(rows.times_us)),
    ]


def _fill(
    encoded: NDArray[np.uint8], fields: list[tuple[bytes, NDArray[np.uint8]]], same: Integers
) -> list[bytes]:
    rows = np.tile(encoded, (len(same), 1))
    template, width = encoded.tobytes(), len(encoded)
    for mark, characters in fields:
        place = template.index(mark) + len(mark)
        rows[:, place : place + characters.shape[1]] = characters[same]
    text = rows.tobytes()
    return [text[start : start + width] for start in range(0, len(text), width)]


def _digits(values: Integers, width: int) -> NDArray[np.uint8]:
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    digits: NDArray[np.uint8] = (values[:, None] // powers % 10 + ord("0")).astype(np.uint8)
    return digits


def _times(times_us: Integers) -> NDArray[np.uint8]:
    texts = np.datetime_as_string(times_us.astype("datetime64[us]"), timezone="UTC")
    characters: NDArray[np.uint8] = texts.astype(f"S{_TIME_WIDTH}").view(np.uint8)
    return characters.reshape(len(times_us), _TIME_WIDTH)
