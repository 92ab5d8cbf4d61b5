"""The accounts of the simulated company and the contacts at each."""

from dataclasses import dataclass

import numpy as np

from cli.company.shape import DAY_US, Shape

CHANNELS = ("email", "webinar", "search", "social", "partner")
CAMPAIGNS = ("launch", "industry-days", "always-on")
LINK_MEDIAN_DAYS = 12.0
LINK_SIGMA = 0.8


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at an account; before `linked_us` no source knows which account."""

    name: str
    linked_us: int
    is_bot: bool

    @property
    def is_linked_late(self) -> bool:
        """Tell whether a link event has to say where the contact belongs."""
        return self.linked_us > 0


@dataclass(frozen=True, slots=True)
class Account:
    """A company with its contacts, and when it first meets the experiments."""

    name: str
    contacts: tuple[Contact, ...]
    campaign: str
    channel: str
    entry_us: int


@dataclass(frozen=True, slots=True)
class Period:
    """The simulated time, in microseconds since 1970."""

    start_us: int
    end_us: int

    @property
    def length_us(self) -> int:
        """How long it lasts."""
        return self.end_us - self.start_us

    def at(self, share: float) -> int:
        """Return the moment at which this share of the period has passed."""
        return self.start_us + int(self.length_us * share)


def draw_account(random: np.random.Generator, name: str, shape: Shape, period: Period) -> Account:
    """Return an account of log-normal size."""
    entry = shape.lead_in_share + shape.entry_share * random.random()
    entry_us = period.at(entry)
    size = round(random.lognormal(np.log(shape.contacts_median), shape.contacts_sigma))
    size = min(max(size, 1), shape.most_contacts)
    return Account(
        name=name,
        contacts=_draw_contacts(random, name, size, shape, Period(entry_us, period.end_us)),
        campaign=CAMPAIGNS[random.integers(len(CAMPAIGNS))],
        channel=CHANNELS[random.integers(len(CHANNELS))],
        entry_us=entry_us,
    )


def _draw_contacts(
    random: np.random.Generator, name: str, size: int, shape: Shape, known: Period
) -> tuple[Contact, ...]:
    stem = name.partition(".")[0]
    late = random.random(size) < shape.trouble.linked_late
    # Somebody has to be known from the start, or the account would not be one.
    late[0] = False
    bots = random.random(size) < shape.touches.bots
    days = random.lognormal(np.log(LINK_MEDIAN_DAYS), LINK_SIGMA, size)
    return tuple(
        Contact(
            name=f"{stem}-p{number}",
            linked_us=_link_time(known, days[number]) if late[number] else 0,
            is_bot=bool(bots[number]),
        )
        for number in range(size)
    )


def _link_time(known: Period, days: float) -> int:
    # Inside the period: a link that never comes would leave the contact's events without account.
    return min(known.start_us + int(days * DAY_US), known.end_us - 1)
