"""A company as a value: the same seed and size give the same events, byte for byte."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np

from cli.company.broken import BrokenEvent
from cli.company.delivery import Deliveries, Delivery, deliver
from cli.company.diary import Diary
from cli.company.effects import TRUE_METRICS, expected
from cli.company.experiments import (
    DEFAULT_EXPERIMENTS,
    SimulatedExperiment,
    form_probability,
)
from cli.company.exposures import meet
from cli.company.funnel import note_funnel
from cli.company.mails import note_mails
from cli.company.people import Account, Period, draw_account
from cli.company.shape import Shape
from cli.company.visits import note_forms, note_links, note_pages, note_webinars
from schemas.codec import encode
from schemas.events import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Truth:
    """What a perfect observer knows: the events as they were, and what was done to them."""

    valid: tuple[bytes, ...]
    """Every distinct valid event, once."""
    broken: tuple[BrokenEvent, ...]
    duplicates: int
    late: int
    out_of_order: int
    contacts: int
    bots: int
    linked_late: int
    mixed: dict[str, frozenset[str]]
    """By experiment, the accounts that met two of its variants."""
    expected: dict[tuple[str, str, str], float]
    """By experiment, variant and metric, the mean over mature units."""

    @property
    def events(self) -> int:
        """How many events are handed over in all."""
        return len(self.valid) + len(self.broken) + self.duplicates


@dataclass(frozen=True)
class _Account:
    account: Account
    events: list[Event]
    mixed: set[str]


class Company:
    """Accounts that live through a period; everything is drawn when it is first asked for."""

    def __init__(
        self,
        seed: int,
        accounts: int,
        experiments: Sequence[SimulatedExperiment] = DEFAULT_EXPERIMENTS,
        *,
        start: datetime,
        days: int = 180,
        shape: Shape | None = None,
    ) -> None:
        self.seed = seed
        self.accounts = accounts
        self.experiments = tuple(experiments)
        self.shape = shape or Shape()
        # The first day is part of every name: started on another day it is another company, and
        # what a stack has stored of the first one does not hide it.
        self._stem = f"s{seed}-{start:%Y%m%d}"
        start_us = (start - _EPOCH) // _MICROSECOND
        self.period = Period(start_us, start_us + timedelta(days=days) // _MICROSECOND)

    def events(self) -> Iterator[bytes]:
        """Yield every event as it is handed over, in that order."""
        return (delivery.raw for delivery in self.deliveries())

    def deliveries(self) -> Iterator[Delivery]:
        """Yield every event with the moment at which it is handed over."""
        return iter(self._delivered.events)

    @cached_property
    def truth(self) -> Truth:
        """What truly happened."""
        contacts = [contact for one in self._lives for contact in one.account.contacts]
        return Truth(
            valid=tuple(self._valid),
            broken=self._delivered.broken,
            duplicates=self._delivered.duplicates,
            late=self._delivered.late,
            out_of_order=self._delivered.out_of_order,
            contacts=len(contacts),
            bots=sum(contact.is_bot for contact in contacts),
            linked_late=sum(contact.is_linked_late for contact in contacts),
            mixed={experiment.key: self._mixed(experiment.key) for experiment in self.experiments},
            expected=self._expected(),
        )

    @cached_property
    def _lives(self) -> list[_Account]:
        return [self._live(number) for number in range(self.accounts)]

    @cached_property
    def _happened(self) -> list[Event]:
        return [event for one in self._lives for event in one.events]

    @cached_property
    def _valid(self) -> list[bytes]:
        return [encode(event) for event in self._happened]

    @cached_property
    def _delivered(self) -> Deliveries:
        random = np.random.default_rng([self.seed, self.accounts, 1])
        times = [event.time_us for event in self._happened]
        return deliver(random, times, self._valid, self.shape.trouble)

    def _live(self, number: int) -> _Account:
        # A generator for each account: one more account changes none of the others.
        random = np.random.default_rng([self.seed, number])
        name = f"{self._stem}-{number}.example"
        account = draw_account(random, name, self.shape, self.period)
        diary = Diary(account, self.period.end_us)
        touches, trouble = self.shape.touches, self.shape.trouble
        met, mixed = meet(random, diary, self.experiments, trouble.mixed)
        note_funnel(random, diary, self.shape.funnel, met)
        note_forms(random, diary, touches, form_probability(touches.form, met))
        note_links(diary)
        note_mails(random, diary, touches, self.period)
        note_pages(random, diary, touches, self.period)
        note_webinars(random, diary, touches, self.period)
        return _Account(account, diary.events, mixed)

    def _mixed(self, key: str) -> frozenset[str]:
        return frozenset(one.account.name for one in self._lives if key in one.mixed)

    def _expected(self) -> dict[tuple[str, str, str], float]:
        return {
            (experiment.key, variant.key, metric.key): expected(
                self.shape, self.experiments, experiment, variant, metric
            )
            for experiment in self.experiments
            for variant in experiment.variants
            for metric in TRUE_METRICS
        }
