"""Puts together all that was answered over HTTP about an experiment, and asks what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.api.breakdown_story import CHANNELS, GROUPS, INDUSTRIES, METRIC, Story
from tests.transparency.attacker import Attacker, Spot
from transparency.small_cells import FEWEST_ACCOUNTS, is_small


class Heard(NamedTuple):
    """A figure of a variant as of a step; of all its accounts where no group is named."""

    variant: str
    step: int
    dimension: str
    group: str
    accounts: int
    events: int | None


class Small(NamedTuple):
    """Few accounts of one group between two steps, and how close they were come to."""

    group: str
    first: int
    last: int
    accounts: int
    events: int
    accounts_within: tuple[int, int]
    events_within: tuple[int, int]

    @property
    def is_open(self) -> bool:
        """Whether k accounts fit where they are few, and any number of events that they had."""
        least, most = self.accounts_within
        fewest, largest = self.events_within
        if self.first not in {0, self.last}:  # a span of several steps: not told exactly
            return most > least and (self.events == 0 or largest > fewest)
        return most - least >= FEWEST_ACCOUNTS and largest - fewest >= self.events


class Joined:
    """Two attackers that share what they know: of accounts, and of events, one for each at most."""

    def __init__(self, accounts: Attacker, events: Attacker) -> None:
        self._spots = accounts.spots
        self._rows = [
            *(self._row(answer.spots, 0) for answer in accounts.answers),
            *(self._row(answer.spots, 1) for answer in events.answers),
        ]
        self._amounts = [answer.amount for answer in (*accounts.answers, *events.answers)]
        self._most = np.tile([0 if spot in accounts.empty else np.inf for spot in self._spots], 2)
        # An event may come later than its account, so it is all until then that is compared.
        self._unbroken = [
            self._row(before, 1) - self._row(before, 0)
            for row, column, at in self._spots
            if (before := [(row, column, earlier) for earlier in range(at + 1)])
        ]

    def limits(self, spots: Sequence[Spot], *, of_events: bool) -> tuple[int, int]:
        """The least and the most that the spots can hold together."""
        wanted = self._row(spots, int(of_events))
        return round(self._solve(wanted)), round(-self._solve(-wanted))

    def _row(self, spots: Sequence[Spot] | frozenset[Spot], layer: int) -> np.ndarray:
        row = np.zeros((2, len(self._spots)))
        row[layer, [place for place, spot in enumerate(self._spots) if spot in spots]] = 1
        return row.ravel()

    def _solve(self, wanted: np.ndarray) -> float:
        found = milp(
            wanted,
            constraints=[
                LinearConstraint(np.array(self._rows), self._amounts, self._amounts),
                LinearConstraint(np.array(self._unbroken), -np.inf, 0),
            ],
            bounds=Bounds(0, self._most),
            integrality=np.ones(len(wanted)),
        )
        assert found.x is not None, found.message
        return float(found.fun)


def heard_in(answers: list[Any]) -> set[Heard]:
    """Everything that was told of accounts and events, from every kind of answer."""
    steps = sorted({at for answer in answers for at in _times(answer)})
    return {heard for answer in answers for heard in _heard(answer, steps)}


def with_large_groups(story: Story, heard: set[Heard], variant: str) -> set[Heard]:
    """What would be heard if every group of k accounts were shown at every step."""
    told = set(heard)
    for spots, first, last, group in _groups(len(story.steps)):
        accounts, events = _told(story, variant, spots)
        if first == 0 and accounts >= FEWEST_ACCOUNTS:
            dimension = "channel" if len(spots) == len(INDUSTRIES) * (last + 1) else "data.industry"
            told.add(Heard(variant, last, dimension, group, accounts, events))
    return told


def small_groups(story: Story, heard: set[Heard], variant: str) -> Iterator[Small]:
    """Every group of few accounts, at any step and between any two, as the attacker sees it."""
    steps = range(len(story.steps))
    attacker = Joined(*_attackers(story, heard, variant))
    for spots, first, last, group in _groups(len(steps)):
        has = _told(story, variant, spots)
        if is_small(has[0]):
            yield Small(
                group,
                first,
                last,
                *has,
                accounts_within=attacker.limits(spots, of_events=False),
                events_within=attacker.limits(spots, of_events=True),
            )


def _attackers(story: Story, heard: set[Heard], variant: str) -> tuple[Attacker, Attacker]:
    shape = (len(CHANNELS), len(INDUSTRIES), len(story.steps))
    found = story.truth(-1, variant)
    empty = [
        spot
        for spot in Attacker(shape).spots
        if not any(n for (channel, _), n in found.items() if channel == CHANNELS[spot[0]])
        or not any(n for (_, industry), n in found.items() if industry == INDUSTRIES[spot[1]])
    ]
    accounts, events = Attacker(shape, empty), Attacker(shape, empty)
    for one in sorted(heard, key=str):
        if one.variant == variant:
            spots = _spots(one.dimension, one.group, 0, one.step)
            accounts.hear(spots, one.accounts)
            if one.events is not None:
                events.hear(spots, one.events)
    return accounts, events


def _groups(steps: int) -> Iterator[tuple[list[Spot], int, int, str]]:
    for dimension, groups in GROUPS.items():
        for group in groups:
            for first, last in combinations_with_replacement(range(steps), 2):
                yield _spots(dimension, group, first, last), first, last, group


def _spots(dimension: str, group: str, first: int, last: int) -> list[Spot]:
    return [
        (row, column, at)
        for row, channel in enumerate(CHANNELS)
        for column, industry in enumerate(INDUSTRIES)
        for at in range(first, last + 1)
        if {"channel": channel, "data.industry": industry}.get(dimension, group) == group
    ]


def _told(story: Story, variant: str, spots: list[Spot]) -> tuple[int, int]:
    """What is true of these spots: accounts and events."""
    found = [0, 0]
    for row, column, at in spots:
        group = (CHANNELS[row], INDUSTRIES[column])
        for place, counted in enumerate((story.truth, story.downloads)):
            before = counted(at - 1, variant)[group] if at else 0
            found[place] += counted(at, variant)[group] - before
    return found[0], found[1]


def _times(answer: Any) -> list[str]:
    metrics = [m for m in answer.get("metrics", ()) if isinstance(m, dict) and "arms" in m]
    return [metric["released_at"] for metric in metrics if metric["released_at"]]


def _heard(answer: Any, steps: list[str]) -> Iterator[Heard]:
    if "rows" in answer:
        yield from _of_breakdown(answer)
    for breakdown in answer.get("breakdowns", ()):
        yield from _of_breakdown(breakdown)
    for metric in answer.get("metrics", ()) if "intake" in answer else ():
        if metric["released_at"]:
            for arm in metric["arms"]:
                events = arm.get("moments", {}).get("sum_y")
                at, brought = steps.index(metric["released_at"]), events and int(events)
                yield Heard(arm["variant"], at, "", "", arm["n"], brought)


def _of_breakdown(found: Any) -> Iterator[Heard]:
    named = [(row["value"], cell) for row in found["rows"] for cell in row["cells"]]
    for group, cell in [*named, *(("", total) for total in found["totals"])]:
        if not cell.get("hidden"):
            told = cell.get("events", cell.get("values", {}))
            dimension = found["dimension"] if group else ""
            yield Heard(
                cell["variant"], cell["edition"] - 1, dimension, group, cell["accounts"],
                told.get(METRIC),
            )  # fmt: skip
