"""The load that throughput is measured with: a million accounts in two of 200 running experiments.

Three phases follow each other on the topic: every account that is exposed at the start meets its
experiments (exposures); accounts that were exposed before are touched (touches); then both, as in
daily life, where accounts that are new are exposed among the touches of the others (mixed). Every
touch falls into the windows of its account's experiments, so it changes an outcome in each.

On a running stack whose address is in the environment (ROUNDTABLE_URL, _TOKEN, _KAFKA):

    python -m benchmarks.load --events 2000000 --accounts 1000000 --experiments 200
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.prefill import prefill
from cli.company.typical import CHUNK, MIX, MOST_ACCOUNTS, Integers, Rows, Templates, touches
from cli.registering import register
from schemas.catalog import EVENTS

VARIANTS = ("control", "treatment")
METRIC = "load-touches"
METRIC_TYPES = ("engagement.*", "lead.*")
WINDOW_DAYS = 30
START = datetime(2026, 1, 5, tzinfo=UTC)
_DAY_US = 86_400_000_000
_START_US = int(START.timestamp()) * 1_000_000
_NO_SLOT = -1


class Chunk(NamedTuple):
    """Some events of a phase; `slots` tells of an exposure which of its account's it is."""

    rows: Rows
    slots: Integers


@dataclass(frozen=True)
class Load:
    """What is sent, by numbers alone: the same arguments give the same events.

    `touching` experiments are met by each account. `exposed` accounts have met theirs before the
    touches begin; the others are exposed during the mixed phase, until it or they end.
    """

    accounts: int
    experiments: int
    touches: int = 0
    mixed: int = 0
    touching: int = 2
    exposure_share: float = 0.1
    exposure_days: int = 14
    skew: float = 0.0
    seed: int = 3
    first_id: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.touching <= self.experiments:
            raise ValueError("touching: at least 1, at most as many as there are experiments")
        if not self.fresh < self.accounts <= MOST_ACCOUNTS:
            raise ValueError(f"accounts: more than {self.fresh}, at most {MOST_ACCOUNTS}")

    @property
    def fresh(self) -> int:
        """Accounts that the mixed phase exposes."""
        return int(self.mixed * self.exposure_share) // self.touching

    @property
    def exposed(self) -> int:
        """Accounts that are exposed before the touches begin."""
        return self.accounts - self.fresh

    @property
    def exposures(self) -> int:
        """Events of the first phase."""
        return self.exposed * self.touching

    @property
    def keys(self) -> list[str]:
        """Name the experiments, by number."""
        return [f"load-{number:05}" for number in range(self.experiments)]

    @cached_property
    def templates(self) -> Templates:
        """Return how its events are written."""
        return Templates([(key, VARIANTS) for key in self.keys])

    def experiments_of(self, accounts: Integers, slots: Integers) -> Integers:
        """Return the number of the experiment that each account meets as its first, second, ..."""
        first = _mixed(accounts, 1) % self.experiments
        widest = (self.experiments - 1) // max(self.touching - 1, 1)
        step = 1 + _mixed(accounts, 2) % max(widest, 1)
        return (first + slots * step) % self.experiments

    def variants_of(self, accounts: Integers, slots: Integers) -> Integers:
        """Return the number of the variant that each account meets there."""
        return _mixed(accounts * self.touching + slots, 3) % len(VARIANTS)

    def exposure_phase(self) -> Iterator[Chunk]:
        """Expose every account to its first experiment, in no order, then all to the second."""
        order = np.random.default_rng(self.seed).permutation(self.exposed).astype(np.int64)
        times = _Times(0, self.exposure_days, self.exposures)
        for places in _runs(self.exposures):
            slots, positions = np.divmod(places, self.exposed)
            yield self._exposing(places, order[positions], slots, times.at(places))

    def touch_phase(self) -> Iterator[Chunk]:
        """Touch accounts that were exposed."""
        random = np.random.default_rng(self.seed + 1)
        times = _Times(self.exposure_days, 10, self.touches)
        for places in _runs(self.touches):
            kinds, accounts = touches(random, len(places), self.exposed, self.skew)
            numbers = self.first_id + self.exposures + places
            rows = Rows(kinds, numbers, accounts, times.at(places))
            yield Chunk(rows, np.full(len(places), _NO_SLOT))

    def mixed_phase(self) -> Iterator[Chunk]:
        """Touch accounts that were exposed, and expose new ones in between."""
        random = np.random.default_rng(self.seed + 2)
        times = _Times(self.exposure_days + 10, 4, self.mixed)
        exposing = self.fresh * self.touching
        for places in _runs(self.mixed):
            kinds, accounts = touches(random, len(places), self.exposed, self.skew)
            rank, due = np.divmod(places * exposing, self.mixed)
            met = due < exposing  # evenly spread, each rank once
            slots, positions = np.divmod(rank, max(self.fresh, 1))
            accounts = np.where(met, self.exposed + positions, accounts)
            slots = np.where(met, slots, _NO_SLOT)
            kinds = np.where(met, self._exposure_templates(accounts, slots), kinds)
            numbers = self.first_id + self.exposures + self.touches + places
            yield Chunk(Rows(kinds, numbers, accounts, times.at(places)), slots)

    def _exposing(
        self, places: Integers, accounts: Integers, slots: Integers, times: Integers
    ) -> Chunk:
        templates = self._exposure_templates(accounts, slots)
        return Chunk(Rows(templates, self.first_id + places, accounts, times), slots)

    def _exposure_templates(self, accounts: Integers, slots: Integers) -> Integers:
        experiments = self.experiments_of(accounts, slots)
        found: Integers = len(MIX) + experiments * len(VARIANTS) + self.variants_of(accounts, slots)
        return found


def register_load(url: str, token: str, load: Load) -> None:
    """Register the experiments with one metric, which counts every touch; safe to repeat."""
    register(url, token, [metric_of_load()], [experiment_of_load(key) for key in load.keys])


def days_of(times_us: Integers) -> Integers:
    """Return the UTC days of times, since 1970."""
    return times_us // _DAY_US


class _Times(NamedTuple):
    """Times of so many events, evenly spread over days counted from the start."""

    first_day: int
    days: int
    events: int

    def at(self, places: Integers) -> Integers:
        step = self.days * _DAY_US // max(self.events, 1)
        return _START_US + self.first_day * _DAY_US + places * step


def _runs(count: int) -> Iterator[Integers]:
    for first in range(0, count, CHUNK):
        yield np.arange(first, min(first + CHUNK, count), dtype=np.int64)


def _mixed(values: Integers, salt: int) -> Integers:
    """Scramble numbers (the finaliser of SplitMix64): as if drawn, and the same every time."""
    x: NDArray[np.uint64] = values.astype(np.uint64) + np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(2)).astype(np.int64)


def metric_of_load() -> dict[str, Any]:
    """The metric that every experiment of the load counts."""
    return {
        "key": METRIC,
        "name": "Touches",
        "meaning": "Something happened at the account",
        "owner": "marketing",
        "kind": "count",
        "measure": {"filter": {"types": list(METRIC_TYPES)}},
        "window": f"P{WINDOW_DAYS}D",
    }


def experiment_of_load(key: str) -> dict[str, Any]:
    """One of its experiments, by key."""
    return {
        "key": key,
        "name": key,
        "hypothesis": "The worker keeps up",
        "owner": "marketing",
        "variants": [{"key": "control", "control": True}, {"key": "treatment"}],
        "metrics": [{"metric": METRIC}],
        "starts_at": "2025-01-01T00:00:00Z",
        "planned_units": 20_000,
    }


def main() -> int:
    """Register, generate and write what was asked for."""
    load, arguments = _asked()
    environ = os.environ
    if arguments.register:
        register_load(environ["ROUNDTABLE_URL"], environ["ROUNDTABLE_TOKEN"], load)
    if not arguments.touches_only:
        _fill("exposures", load, load.exposure_phase(), environ["ROUNDTABLE_KAFKA"])
    _fill("touches", load, load.touch_phase(), environ["ROUNDTABLE_KAFKA"])
    _fill("mixed", load, load.mixed_phase(), environ["ROUNDTABLE_KAFKA"])
    return 0


def _asked() -> tuple[Load, argparse.Namespace]:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.load")
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--experiments", type=int, default=200)
    parser.add_argument("--events", type=int, default=1_000_000, help="touches after exposures")
    parser.add_argument("--mixed", type=int, default=0, help="events of the mixed phase")
    parser.add_argument("--skew", type=float, default=0.0, help="0 uniform, 1 Zipf")
    parser.add_argument("--exposure-days", type=int, default=14)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--first-id", type=int, default=0, help="0 for the same ids again")
    parser.add_argument("--touches-only", action="store_true", help="accounts are exposed already")
    parser.add_argument("--register", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    load = Load(
        accounts=arguments.accounts,
        experiments=arguments.experiments,
        touches=arguments.events,
        mixed=arguments.mixed,
        skew=arguments.skew,
        exposure_days=arguments.exposure_days,
        seed=arguments.seed,
        first_id=arguments.first_id,
    )
    return load, arguments


def _fill(name: str, load: Load, chunks: Iterator[Chunk], kafka: str) -> None:
    started = time.perf_counter()
    written = asyncio.run(
        prefill(kafka, EVENTS.name, load.templates, (chunk.rows for chunk in chunks))
    )
    rate = written / (time.perf_counter() - started)
    print(f"{name:10} {written:12,} events, {rate:10,.0f} written a second")


if __name__ == "__main__":
    sys.exit(main())
