"""What happens to workers: killed, frozen, stopped, more or fewer, with a clock that errs."""

import signal
import time

from tests.chaos.kept import ended
from tests.chaos.plan import Fault
from tests.chaos.progress import log_ends, wait_until_processed
from tests.chaos.scene import LogMark, Scene, has_transaction, locked, wait_for, waits_for_lock

WAIT_SECONDS = 10.0
START_SECONDS = 15.0
BATCH_TABLE = "event_names"
"""Batches alone write to it, after they have moved their offset."""
JUMPS = (20 * 60, -20 * 60, 3 * 3600, -2 * 24 * 3600)
"""In seconds; a broker refuses records from more than an hour ahead of its own clock."""
FENCED = "another worker has moved the position"


def killed(scene: Scene, fault: Fault) -> str:
    """Kill whichever worker at whichever moment."""
    name = scene.a_worker(fault.choice)
    pid = scene.stack.keeper.signal(name, signal.SIGKILL)
    return f"{name}, pid {pid}"


def killed_in_a_batch(scene: Scene, fault: Fault) -> str:
    """Kill a worker whose transaction has begun and cannot end."""
    name = scene.a_worker(fault.choice)
    with locked(scene, BATCH_TABLE) as looking:
        caught = wait_for(lambda: waits_for_lock(looking, name), WAIT_SECONDS)
        scene.stack.keeper.signal(name, signal.SIGKILL)
        time.sleep(0.3)
    return f"{name}, {'in the midst of a batch' if caught else 'it had no batch'}"


def frozen(scene: Scene, fault: Fault) -> str:
    """Let a worker sleep past its session at whichever moment."""
    name = scene.a_worker(fault.choice)
    mark = LogMark.end_of(scene.stack.log_of(name))
    scene.stack.keeper.signal(name, signal.SIGSTOP)
    time.sleep(fault.seconds)
    scene.stack.keeper.signal(name, signal.SIGCONT)
    time.sleep(1.0)
    return f"{name}, fenced {mark.count(FENCED)} times"


def frozen_in_a_batch(scene: Scene, fault: Fault) -> str:
    """Let a worker sleep with a batch that others do meanwhile: waking up, it must change nothing.

    Its way to PostgreSQL is held up first, so that the batch is under way and holds no lock.
    """
    name = scene.a_worker(fault.choice)
    mark = LogMark.end_of(scene.stack.log_of(name))
    with scene.stack.connect() as looking:
        wait_for(lambda: not has_transaction(looking, name), WAIT_SECONDS)
        scene.stack.proxy.tell(name, "pause")
    time.sleep(1.0)
    scene.stack.keeper.signal(name, signal.SIGSTOP)
    ends = log_ends(scene.stack)
    others_go_on = wait_until_processed(scene.stack, ends, fault.seconds + 10)
    scene.stack.proxy.tell(name, "open")
    scene.stack.keeper.signal(name, signal.SIGCONT)
    time.sleep(1.0)
    others = "others took over" if others_go_on else "nobody took over"
    return f"{name}, {others}, fenced {mark.count(FENCED)} times"


def stopped(scene: Scene, fault: Fault) -> str:
    """Ask a worker to end."""
    name = scene.a_worker(fault.choice)
    process = scene.stack.keeper.process(name)
    # One that is still starting has promised nothing yet.
    wait_for(lambda: time.time() - process.created > START_SECONDS, START_SECONDS)
    began = time.monotonic()
    code = ended(process)
    return f"{name}, ended with {code} after {time.monotonic() - began:.1f} s"


def scaled(scene: Scene, fault: Fault) -> str:
    """Make do with one worker, then four, then two."""
    for count in (1, 4, 2):
        scene.stack.set_workers(count)
        time.sleep(fault.seconds)
    return "1, 4, 2 workers"


def clock_jumped(scene: Scene, fault: Fault) -> str:
    """Let a running worker's clock jump, and be set right after a while."""
    name = scene.a_worker(fault.choice)
    seconds = JUMPS[fault.choice // 7 % len(JUMPS)]
    before = scene.stack.keeper.starts()
    for off in (seconds, 0):
        scene.stack.clock_of(name).write_text(str(off))
        scene.stack.keeper.signal(name, signal.SIGUSR1)
        time.sleep(0 if off == 0 else fault.seconds)
    ends = scene.stack.keeper.starts() - before
    return f"{name}, by {seconds / 3600:+g} h, ended {ends} times"
