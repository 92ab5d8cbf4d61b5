"""Valid events in bulk for measurements: the usual mix and size, made far faster than they flow."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

import numpy as np

from schemas.codec import encode
from schemas.events import Event

SOURCE = "urn:simulated:typical"
_SECOND_US = 1_000_000
_MIX = (
    ("engagement.page.viewed", 0.46),
    ("engagement.email.delivered", 0.22),
    ("engagement.email.opened", 0.18),
    ("engagement.email.clicked", 0.05),
    ("engagement.form.submitted", 0.04),
    ("lead.created", 0.03),
    ("lead.accepted", 0.02),
)
_MARK_US = 1_600_000_000_123_456
_MARK_TIME = b"2020-09-13T12:26:40.123456Z"
_ACCOUNT, _CONTACT, _ID = "0account0", "0contact0", "0id0"
_MARKS = {"account": _ACCOUNT, "contact": _CONTACT, "id": _ID}


def typical_events(
    random: np.random.Generator,
    *,
    accounts: int,
    count: int,
    start_us: int,
    experiments: Sequence[tuple[str, Sequence[str]]] = (),
    first_id: int = 0,
) -> Iterator[bytes]:
    """Yield the exposures of every account to each experiment, then events up to `count` in all.

    `experiments` are keys with their variants. One event happens per second. The same arguments
    give the same events; `first_id` continues a series under ids that were not used yet.
    """
    times = _times(start_us, count)
    filled = chain(_exposures(random, accounts, experiments), _touches(random, accounts, count))
    for number, (template, account) in enumerate(islice(filled, count)):
        yield _fill(template, first_id + number, account, times[number])


def _exposures(
    random: np.random.Generator, accounts: int, experiments: Sequence[tuple[str, Sequence[str]]]
) -> Iterator[tuple[bytes, int]]:
    for key, variants in experiments:
        templates = [_template(_exposure(key, variant)) for variant in variants]
        drawn = random.integers(0, len(variants), accounts).tolist()
        yield from zip((templates[number] for number in drawn), range(accounts), strict=True)


def _touches(random: np.random.Generator, accounts: int, count: int) -> Iterator[tuple[bytes, int]]:
    templates = [_template(_touch(event_type)) for event_type, _ in _MIX]
    kinds = random.choice(len(_MIX), count, p=[share for _, share in _MIX]).tolist()
    of_account = random.integers(0, accounts, count).tolist()
    yield from zip((templates[kind] for kind in kinds), of_account, strict=True)


def _touch(event_type: str) -> Event:
    return _event(event_type, data={"message": "mailing-3"})


def _exposure(experiment: str, variant: str) -> Event:
    return _event("experiment.exposure", data={"experiment": experiment, "variant": variant})


def _event(event_type: str, data: dict[str, str]) -> Event:
    return Event(
        source=SOURCE,
        id=_ID,
        type=event_type,
        time_us=_MARK_US,
        account=_ACCOUNT,
        contact=_CONTACT,
        campaign="always-on",
        channel="email",
        data=data,
    )


def _template(event: Event) -> bytes:
    """Return the encoded event with a place for each field that differs from event to event."""
    encoded = encode(event).replace(b"%", b"%%")
    for name, mark in _MARKS.items():
        encoded = encoded.replace(mark.encode(), f"%({name})b".encode())
    return encoded.replace(_MARK_TIME, b"%(time)b")


def _fill(template: bytes, number: int, account: int, time: bytes) -> bytes:
    name = b"account-%d.example" % account
    return template % {
        b"id": b"typical-%d" % number,
        b"account": name,
        b"contact": b"contact-%d-%d" % (account, number % 5),
        b"time": time,
    }


def _times(start_us: int, count: int) -> list[bytes]:
    moments = start_us + np.arange(count, dtype=np.int64) * _SECOND_US
    texts = np.datetime_as_string(moments.astype("datetime64[us]"), timezone="UTC")
    return [text.encode() for text in texts.tolist()]
