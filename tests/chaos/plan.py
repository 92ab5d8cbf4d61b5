"""What happens when: a pure function of the seed, so a run can be told before it is made."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: what it stands for, and for how many seconds it lasts."""

    meaning: str
    least: float = 0.0
    most: float = 0.0


KINDS: Mapping[str, Kind] = {
    "worker killed": Kind("kill -9 of a worker at any moment"),
    "worker killed in a batch": Kind("kill -9 while the transaction of a batch waits for a lock"),
    "worker frozen": Kind("SIGSTOP of a worker for longer than its session", 7, 10),
    "worker frozen in a batch": Kind(
        "SIGSTOP with a batch under way, until others have done it: it wakes up as a zombie", 7, 10
    ),
    "worker stopped": Kind("SIGTERM: it finishes its batch, ends with 0 and is started again"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its kind, after how long a calm it comes, how long it lasts, and whom it hits."""

    number: int
    kind: str
    after: float
    seconds: float
    choice: int

    def __str__(self) -> str:
        return f"{self.number:4} after {self.after:4.1f} s, for {self.seconds:4.1f} s: {self.kind}"


def plan_of(seed: int, faults: int, kinds: Mapping[str, Kind] = KINDS) -> list[Fault]:
    """Return the faults of a run; every kind comes before one comes a second time."""
    drawn = random.Random(f"plan:{seed}")
    decks = _decks(drawn, sorted(kinds))
    return [_fault(drawn, number, next(decks), kinds) for number in range(1, faults + 1)]


def _decks(drawn: random.Random, names: list[str]) -> Iterator[str]:
    while True:
        yield from drawn.sample(names, len(names))


def _fault(drawn: random.Random, number: int, kind: str, kinds: Mapping[str, Kind]) -> Fault:
    return Fault(
        number=number,
        kind=kind,
        after=round(drawn.uniform(0.2, 2.0), 2),
        seconds=round(drawn.uniform(kinds[kind].least, kinds[kind].most), 2),
        choice=drawn.randrange(1_000_000),
    )
