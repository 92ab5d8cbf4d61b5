"""Walks through every state that a small system can reach, and says how it came to a broken one."""

from collections import deque
from typing import NamedTuple

from tests.model.promises import broken_at_the_end, broken_by_step, broken_promises
from tests.model.protocol import Rules, Step, steps
from tests.model.values import World


class Broken(NamedTuple):
    """A promise that does not hold, and the steps that lead there."""

    promise: str
    steps: tuple[Step, ...]


class Explored(NamedTuple):
    """How many states and steps there are, and the shortest way to a broken promise, if any."""

    states: int
    steps: int
    broken: Broken | None


def explore(start: World, rules: Rules) -> Explored:
    """Visit every reachable state once, nearest first; stop at the first broken promise."""
    came_from: dict[World, tuple[World, Step] | None] = {start: None}
    met = {_whoever_works(start)}
    ended: set[object] = set()
    waiting = deque([start])
    taken = 0
    while waiting:
        world = waiting.popleft()
        for step, after in steps(world, rules):
            taken += 1
            forgetting = step.name == "database forgets"
            for promise in broken_by_step(world, after, forgetting=forgetting):
                return Explored(len(came_from), taken, _way(promise, came_from, world, step))
            if (alike := _whoever_works(after)) in met:
                continue
            met.add(alike)
            came_from[after] = (world, step)
            waiting.append(after)
            # Workers hold nothing that lasts: the end depends on log and database alone.
            lasting = (after.logs, after.topic, after.database)
            if lasting in ended:
                continue
            ended.add(lasting)
            for promise in (*broken_promises(after, rules), *broken_at_the_end(after, rules)):
                return Explored(len(came_from), taken, _way(promise, came_from, world, step))
    return Explored(len(came_from), taken, None)


def _whoever_works(world: World) -> World:
    """Return the same for worlds that differ in nothing but who of the workers is who."""
    return world._replace(workers=tuple(sorted(world.workers, key=hash)))


def _way(
    promise: str, came_from: dict[World, tuple[World, Step] | None], world: World, last: Step
) -> Broken:
    way = [last]
    while (found := came_from[world]) is not None:
        world, step = found
        way.append(step)
    return Broken(promise, tuple(reversed(way)))
