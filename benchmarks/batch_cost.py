"""What the worker computes for each event of a batch, part by part, without broker and PostgreSQL.

    python -m benchmarks.batch_cost [--events 20000] [--accounts 20000] [--experiments 200]

CPU time of this process, the least of some rounds: so a busy machine blurs it little. The load is
that of `benchmarks.load`: every event is a touch of an account in two running experiments.
"""

import argparse
import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from attribution.fold import HomeBatch, fold, needs_history
from attribution.identity import links_in, lone_contacts
from attribution.index import DefinitionIndex
from benchmarks.load import Load, experiment_of_load, metric_of_load
from schemas.codec import decode_logged
from schemas.events import Event
from schemas.resources import ExperimentDraft, Metric
from storage.batches import LogEvent
from storage.definitions import DefinitionBody
from storage.event_names import name_of
from storage.event_rows import StoredEvent, packed

ROUNDS = 5
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.batch_cost")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--experiments", type=int, default=200)
    asked = parser.parse_args()
    load = Load(accounts=asked.accounts, experiments=asked.experiments, touches=asked.events)
    index = _index(load)
    states, batch = _states(load, index), _written(load, touches=True)
    gc.collect()
    gc.freeze()
    least: dict[str, float] = {}
    for _ in range(ROUNDS):
        for part, seconds in _costs(index, states, batch).items():
            least[part] = min(seconds, least.get(part, seconds))
    _print(least, len(batch))


def _costs(
    index: DefinitionIndex, states: dict[str, bytes], batch: list[bytes]
) -> dict[str, float]:
    """Do what `decode_batch` and `apply_batch` do between their statements; seconds by part."""
    took: dict[str, float] = {}

    def timed(part: str, work: Callable[[], T]) -> T:
        started = time.process_time()
        done = work()
        took[part] = time.process_time() - started
        return done

    sent = timed("decode", lambda: [LogEvent(decode_logged(raw), b"", 0) for raw in batch])
    events = [one.event for one in sent]
    timed("links of contacts", lambda: (links_in(events), lone_contacts(events)))
    timed("names", lambda: [name_of(event) for event in events])
    stored = [StoredEvent(event, event.account or "", 0) for event in events]
    timed("rows", lambda: packed(stored))
    by_home = _by_home(events)
    timed(
        "look for exposures",
        lambda: [needs_history(index, home, states[home], new) for home, new in by_home.items()],
    )
    homes = {home: HomeBatch(states[home], new) for home, new in by_home.items()}
    folded = timed("fold", lambda: fold(index, homes))
    timed("increments", lambda: folded.increments.cells)
    return took


def _index(load: Load) -> DefinitionIndex:
    created_at = datetime(2026, 1, 1, tzinfo=UTC)
    metric = Metric.model_validate({**metric_of_load(), "version": 1, "created_at": created_at})
    uses = [{"metric": metric.key, "version": 1}]
    drafts = [
        ExperimentDraft.model_validate({**experiment_of_load(key), "metrics": uses})
        for key in load.keys
    ]
    bodies = [DefinitionBody(draft, {metric.key: metric}, "EUR", ()) for draft in drafts]
    return DefinitionIndex(body.compile(number) for number, body in enumerate(bodies, start=1))


def _states(load: Load, index: DefinitionIndex) -> dict[str, bytes]:
    exposures = _by_home([decode_logged(raw) for raw in _written(load, touches=False)])
    return fold(index, {home: HomeBatch(None, new) for home, new in exposures.items()}).states


def _written(load: Load, *, touches: bool) -> list[bytes]:
    chunks = load.touch_phase() if touches else load.exposure_phase()
    return [event for chunk in chunks for event in load.templates.write(chunk.rows)]


def _by_home(events: list[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.account or "", []).append(event)
    return found


def _print(seconds: dict[str, float], events: int) -> None:
    print(f"{events:,} events; microseconds of CPU time for each")
    for part, took in {**seconds, "together": sum(seconds.values())}.items():
        print(f"{part:20}{took / events * 1e6:8.2f}")


if __name__ == "__main__":
    main()
