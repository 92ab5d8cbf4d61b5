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
    "workers scaled": Kind("one worker, then four, then two", 1, 3),
    "clock jumped": Kind("a running worker's clock is off by minutes, hours or days", 2, 5),
    "broker killed": Kind("kill -9 of the broker, and its start", 0.2, 2),
    "broker frozen": Kind("SIGSTOP of the broker: no connection breaks, nobody answers", 2, 9),
    "topic made again": Kind("a topic, all of it processed, is deleted and made again"),
    "partitions added": Kind("one more partition of a topic under load"),
    "PostgreSQL crashed": Kind("immediate stop, and its start", 0.2, 2),
    "sessions cut": Kind("pg_terminate_backend again and again, as at a fail-over", 0.2, 2),
    "PostgreSQL read-only": Kind("no transaction may write, as on a replica", 1, 3),
    "disk full": Kind("no table can grow", 1, 3),
    "deadlock": Kind("a session takes the locks of a batch in the opposite order", 2, 4),
    "serialisation failures": Kind("transactions fail with 40001 at random", 2, 4),
    "long lock": Kind("ACCESS EXCLUSIVE on a table of the batch", 2, 5),
    "slow disk": Kind("the processes of PostgreSQL sleep three quarters of the time", 2, 4),
    "network to PostgreSQL paused": Kind("bytes wait, no connection breaks", 2, 6),
    "network to PostgreSQL cut": Kind("connections break and are refused", 0.5, 3),
    "network to PostgreSQL slow": Kind("every piece comes 10 to 100 ms late", 2, 4),
    "network to Kafka paused": Kind("bytes wait, no connection breaks", 2, 9),
    "network to Kafka cut": Kind("connections break and are refused", 0.5, 4),
    "poison batch": Kind("bytes that are no event, in both topics"),
    "oversized records": Kind("records of almost a mebibyte in both topics"),
    "oversized batch": Kind("thousands of events at once"),
    "time travel": Kind("events from decades ago, from tomorrow, and from too far ahead"),
    "events doubled": Kind("accepted events again, through both doors"),
    "API killed": Kind("kill -9 of the API in the midst of a request"),
    "build interrupted": Kind("an experiment is registered or amended, and all workers are killed"),
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
