"""One run: start, disturb as planned, let it come to rest, and say what does not hold."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from cli.registering import register
from cli.settings import Settings
from tests.chaos import faults_of_broker as broker
from tests.chaos import faults_of_database as database
from tests.chaos import faults_of_events as events
from tests.chaos import faults_of_network as network
from tests.chaos import faults_of_workers as workers
from tests.chaos.broken_builds import BUILDS
from tests.chaos.check import broken_promises
from tests.chaos.company import EXPERIMENTS, Company, experiment, metric
from tests.chaos.doors import Gateway, Log
from tests.chaos.ledger import Ledger
from tests.chaos.load import Load
from tests.chaos.plan import KINDS, Fault, plan_of
from tests.chaos.progress import Watcher, is_drained, log_ends, wait_until_processed
from tests.chaos.scene import Scene, wait_for
from tests.chaos.stack import running

Inject = Callable[[Scene, Fault], str]

INJECTIONS: Mapping[str, Inject] = {
    "worker killed": workers.killed,
    "worker killed in a batch": workers.killed_in_a_batch,
    "worker frozen": workers.frozen,
    "worker frozen in a batch": workers.frozen_in_a_batch,
    "worker stopped": workers.stopped,
    "workers scaled": workers.scaled,
    "clock jumped": workers.clock_jumped,
    "broker killed": broker.killed,
    "broker frozen": broker.frozen,
    "topic made again": broker.topic_made_again,
    "partitions added": broker.partitions_added,
    "PostgreSQL crashed": database.crashed,
    "sessions cut": database.sessions_cut,
    "PostgreSQL read-only": database.read_only,
    "disk full": database.disk_full,
    "deadlock": database.deadlock,
    "serialisation failures": database.serialisation_failures,
    "long lock": database.long_lock,
    "slow disk": database.slow_disk,
    "network to PostgreSQL paused": network.database_paused,
    "network to PostgreSQL cut": network.database_cut,
    "network to PostgreSQL slow": network.database_slow,
    "network to Kafka paused": network.kafka_paused,
    "network to Kafka cut": network.kafka_cut,
    "poison batch": events.poison,
    "oversized records": events.oversized,
    "oversized batch": events.burst,
    "time travel": events.time_travel,
    "events doubled": events.doubled,
    "API killed": events.api_killed,
    "build interrupted": events.build_interrupted,
}
PROGRESS_SECONDS = 60.0
MOST_MEMORY = 600
WORKERS = 2


class Happened(msgspec.Struct, frozen=True):
    """What a fault did, as the log of a run keeps it."""

    number: int
    kind: str
    at: str
    observed: str
    lasted: float
    """Seconds from its beginning until it was undone."""
    recovered: float | None
    """Seconds until everything was processed that was accepted by then; None: it stood still."""
    longest_pause: float
    """Seconds in which no offset moved, at most, since its beginning."""


class Outcome(msgspec.Struct, frozen=True):
    """What a run came to: it is good where nothing is broken."""

    seed: int
    build: str
    began: str
    seconds: float
    accepted: int
    happened: list[Happened]
    most_memory: int
    broken: list[str]


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is made."""

    seed: int
    directory: Path
    per_second: float = 300.0
    build: str = ""
    workers: int = WORKERS


Tell = Callable[[str], None]


def run(
    options: Options, plan: Sequence[Fault], settings: Settings, tell: Tell, then: str = ""
) -> list[Outcome]:
    """Make a run on a stack of its own; then one more fault there, with a broken build."""
    with scene_of(options, settings) as scene:
        outcomes = [disturb(scene, options, plan, tell)]
        if then:
            tell(f"Going on with {then}")
            scene.set_build(then, workers=1)
            kind = BUILDS[then].shown_by
            one = plan_of(options.seed, 1, {kind: KINDS[kind]})
            outcomes.append(disturb(scene, replace(options, build=then), one, tell))
    return outcomes


@contextmanager
def scene_of(options: Options, settings: Settings) -> Iterator[Scene]:
    """Start a stack with experiments and load; end it all at the end."""
    company = Company(options.seed)
    with running(
        options.directory, settings, workers=options.workers, build=options.build
    ) as stack:
        token = stack.addresses.token
        register(stack.addresses.http, token, [metric()], [experiment(key) for key in EXPERIMENTS])
        ledger = Ledger(options.directory / "ledger.jsonl")
        gateways = [Gateway(stack.addresses.http, token) for _ in range(2)]
        logs = [Log(stack.kafka.address) for _ in range(2)]
        load = Load(company, ledger, gateways[0], logs[0], options.per_second)
        watcher = Watcher(stack)
        try:
            load.start()
            watcher.start()
            time.sleep(1.0)
            scene = Scene(stack, company, ledger, load, watcher, gateways[1], logs[1])
            if not (
                wait_until_processed(stack, log_ends(stack), PROGRESS_SECONDS)
                and wait_for(lambda: not _is_building(scene), PROGRESS_SECONDS)
            ):
                raise AssertionError("The workers did not begin to work.")
            yield scene
        finally:
            load.close()
            watcher.close()
            for gateway, log in zip(gateways, logs, strict=True):
                gateway.close()
                log.close()
            ledger.close()


def disturb(scene: Scene, options: Options, plan: Sequence[Fault], tell: Tell) -> Outcome:
    """Inject the faults of a plan into what runs, let it come to rest, and check."""
    began, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    happened = []
    for fault in plan:
        time.sleep(fault.after)
        happened.append(_inject(scene, fault))
        tell(_line(happened[-1]))
    broken = [*_stuck(happened), *_rest(scene, tell)]
    return Outcome(
        seed=options.seed,
        build=options.build,
        began=began,
        seconds=round(time.monotonic() - clock, 1),
        accepted=scene.ledger.count,
        happened=happened,
        most_memory=_most_memory(scene),
        broken=broken,
    )


def _inject(scene: Scene, fault: Fault) -> Happened:
    began, at = time.monotonic(), datetime.now(UTC)
    observed = INJECTIONS[fault.kind](scene, fault)
    undone = time.monotonic()
    is_recovered = wait_until_processed(scene.stack, log_ends(scene.stack), PROGRESS_SECONDS)
    return Happened(
        number=fault.number,
        kind=fault.kind,
        at=at.isoformat(timespec="milliseconds"),
        observed=observed,
        lasted=round(undone - began, 2),
        recovered=round(time.monotonic() - undone, 2) if is_recovered else None,
        longest_pause=round(scene.watcher.longest_pause(began), 2),
    )


def _line(happened: Happened) -> str:
    recovered = "NOT" if happened.recovered is None else f"{happened.recovered:.1f} s"
    return (
        f"{happened.at} {happened.number:4} {happened.kind}: {happened.observed}; lasted "
        f"{happened.lasted:.1f} s, longest pause {happened.longest_pause:.1f} s, "
        f"recovered after {recovered}"
    )


def _stuck(happened: Sequence[Happened]) -> Iterator[str]:
    for one in happened:
        if one.recovered is None:
            yield f"stuck: {one.kind} ({one.number}): {PROGRESS_SECONDS:.0f} s without progress"


def _rest(scene: Scene, tell: Tell) -> Iterator[str]:
    tell("Mending, draining, checking")
    scene.stack.mend()
    database.mended(scene)
    scene.load.pause()
    if not is_drained(scene.stack, PROGRESS_SECONDS):
        yield f"stuck: a partition stood still for {PROGRESS_SECONDS:.0f} s at the end"
    if _most_memory(scene) > MOST_MEMORY:
        yield f"memory: a worker held {_most_memory(scene)} MiB, more than {MOST_MEMORY}"
    if not wait_for(lambda: not _is_building(scene), PROGRESS_SECONDS):
        yield f"stuck: a definition is not built {PROGRESS_SECONDS:.0f} s after the end"
    yield from broken_promises(scene.stack, scene.company, scene.ledger)


def _is_building(scene: Scene) -> bool:
    with scene.stack.connect() as connection:
        query = "SELECT FROM definitions WHERE status = 'building'"
        return connection.execute(query).fetchone() is not None


def _most_memory(scene: Scene) -> int:
    return max((max(held) for held in scene.watcher.memory.values()), default=0)
