"""What happens between workers and services: bytes that wait, connections that break."""

import time

from tests.chaos.plan import Fault
from tests.chaos.scene import Scene
from tests.chaos.stack import KAFKA


def database_paused(scene: Scene, fault: Fault) -> str:
    """Let nothing pass between one worker and PostgreSQL; no connection breaks."""
    return _disturbed(scene, fault, scene.a_worker(fault.choice), "pause")


def database_cut(scene: Scene, fault: Fault) -> str:
    """Break the connections of one worker to PostgreSQL and refuse new ones."""
    return _disturbed(scene, fault, scene.a_worker(fault.choice), "cut")


def database_slow(scene: Scene, fault: Fault) -> str:
    """Let every answer of PostgreSQL come late at one worker."""
    late = 0.01 + (fault.choice % 90) / 1000
    return _disturbed(scene, fault, scene.a_worker(fault.choice), "delay", late)


def kafka_paused(scene: Scene, fault: Fault) -> str:
    """Let nothing pass between the workers and Kafka; no connection breaks."""
    return _disturbed(scene, fault, KAFKA, "pause")


def kafka_cut(scene: Scene, fault: Fault) -> str:
    """Break the connections of all workers to Kafka and refuse new ones."""
    return _disturbed(scene, fault, KAFKA, "cut")


def _disturbed(scene: Scene, fault: Fault, route: str, verb: str, *arguments: float) -> str:
    scene.stack.proxy.tell(route, verb, *arguments)
    time.sleep(fault.seconds)
    scene.stack.proxy.tell(route, "open")
    return " ".join([route, *map(str, arguments)])
