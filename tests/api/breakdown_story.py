"""An experiment that is broken down, with accounts coming in, and all that anybody was answered."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from schemas.events import Event
from tests.api.company import Company, download, exposure, waiting
from tests.api.house import Browser, House
from tests.api.resources import experiment

KEY = "/v1/experiments/spring-mail"
METRIC = "guide-downloads"
VARIANTS = ("plain", "question")
CHANNELS = ("email", "web", "other", "not_given")
INDUSTRIES = ("steel", "other", "not_given")
GROUPS = {"channel": CHANNELS, "data.industry": INDUSTRIES}
DIMENSIONS = [
    {"field": "channel", "name": "Channel", "values": ["email", "web"]},
    {"field": "data.industry", "values": ["steel"]},
]
_SENT = {"email": "email", "web": "web", "steel": "steel", "other": "a fair", "not_given": None}

Group = tuple[str, str]
"""Channel and industry."""


@dataclass(frozen=True)
class Account:
    """What is true of one account: nobody but the test knows it."""

    number: int
    variant: str
    group: Group
    downloads: bool

    def events(self) -> list[Event]:
        """What the log is told of it."""
        channel, industry = (_SENT[name] for name in self.group)
        met = exposure(self.number, self.variant)
        met = replace(
            met,
            channel=channel,
            contact=f"contact-{self.number}",
            data={**met.data, "industry": industry},
        )
        return [met, *([download(self.number)] if self.downloads else [])]


@dataclass
class Story:
    """The house, its people, the truth at every step, and every answer that somebody got."""

    house: House
    company: Company
    owner: Browser
    other: Browser
    accounts: list[Account] = field(default_factory=list)
    steps: list[tuple[Account, ...]] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    def arrive(self, seed: int, units: int, *, share: float = 0.5) -> None:
        """Let so many accounts of each variant come in, in groups of very different size."""
        new = drawn(seed, units, share, first=len(self.accounts))
        self.accounts += new
        self.company.deliver([event for account in new for event in account.events()])

    def listen(self) -> None:
        """Let both sides ask for all that they may, and keep what they are answered."""
        told = [answer for who in (self.owner, self.other) for answer in everything(who)]
        if self.released() > len(self.steps):
            self.steps.append(tuple(self.accounts))
        self.answers += told

    def released(self) -> int:
        """How many steps there were."""
        (count,) = self.house.sql(
            "SELECT count(*) FROM released_readings JOIN experiments ON id = experiment_id "
            "WHERE key = 'spring-mail'"
        )[0]
        return int(count)

    def breakdown(self, who: Browser, dimension: str = "channel", **query: Any) -> Any:
        """One breakdown as somebody sees it."""
        answer = who.get(KEY + "/breakdowns", params={"dimension": dimension, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def results(self, who: Browser) -> Any:
        """The results as somebody sees them."""
        return who.get(KEY + "/results").json()

    def truth(self, step: int, variant: str) -> Counter[Group]:
        """The accounts of a variant by group that had come by a step."""
        return Counter(a.group for a in self.steps[step] if a.variant == variant)

    def downloads(self, step: int, variant: str) -> Counter[Group]:
        """Those of them that had downloaded the guide."""
        found = [a for a in self.steps[step] if a.variant == variant and a.downloads]
        return Counter(a.group for a in found)


def everything(who: Browser) -> list[Any]:
    """All answers that somebody gets about the experiment, over all filters and languages."""
    routes: list[tuple[str, dict[str, Any]]] = [
        ("/results", {}),
        ("/explain", {"metric": METRIC}),
        *(("/breakdowns", {"dimension": dimension}) for dimension in GROUPS),
        ("/breakdowns", {"dimension": "channel", "metric": METRIC, "language": "de"}),
    ]
    answers = [who.get(KEY + route, params=query) for route, query in routes]
    answers.append(who.get("/v1/campaigns/spring"))
    assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers]
    found = [answer.json() for answer in answers]
    earlier = who.get(KEY + "/as-known", params={"on": found[0]["released_at"] or ""})
    return found + ([earlier.json()["results"]] if earlier.status_code == 200 else [])


def drawn(seed: int, units: int, share: float, *, first: int) -> list[Account]:
    """Accounts by chance, always the same for a seed."""
    chance = random.Random(seed)
    found: list[Account] = []
    for variant in VARIANTS:
        for _ in range(units):
            (channel,) = chance.choices(CHANNELS, [9, 5, 2, 1])
            (industry,) = chance.choices(INDUSTRIES, [6, 2, 1])
            number, downloads = first + len(found), chance.random() < share
            found.append(Account(number, variant, (channel, industry), downloads))
    return found


@contextmanager
def beginning(house: House) -> Iterator[Story]:
    """Two experiments of a campaign; in one nobody has come yet, and many wait."""
    with ExitStack() as stack:
        owner = stack.enter_context(house.signed_in("ada", "marketer"))
        other = stack.enter_context(house.signed_in("ben", "seller"))
        company = Company(house.client, house.database)
        company.start(campaign="spring", dimensions=DIMENSIONS)
        company.deliver(waiting(40))
        _add_page(house, company)
        yield Story(house, company, owner, other)


def _add_page(house: House, company: Company) -> None:
    """A second experiment of the campaign, by content, of which sales see the headline alone."""
    contents = [{"field": "content", "values": ["guide", "video"]}]
    page = experiment(
        "spring-page", campaign="spring", dimensions=contents, policy="workshop", name="Spring page"
    )
    house.client.post("/v1/experiments", json=page).raise_for_status()
    house.client.post("/v1/experiments/spring-page/start").raise_for_status()
    company.build()
    events = []
    for place, variant in enumerate(VARIANTS):
        numbers = range(50_000 + 1_000 * place, 50_030 + 1_000 * place)
        met = [(n, exposure(n, variant)) for n in numbers]
        events += [_on_page(event, "guide" if n % 3 else "video") for n, event in met]
        events += [download(n) for n in numbers[: 12 + 6 * place]]
    waits = waiting(10, first=60_000)
    company.deliver([*events, *(_on_page(event, "guide") for event in waits)])


def _on_page(event: Event, content: str) -> Event:
    data = {**event.data, "experiment": "spring-page"}
    return replace(event, id=f"page-{event.id}", content=content, data=data)
