"""A short chaos run: nothing accepted is lost or counts twice, and a broken build is noticed."""

from collections.abc import Iterator, Sequence

import pytest

from cli.settings import Settings
from tests.chaos.broken_builds import BUILDS
from tests.chaos.plan import KINDS, Fault, plan_of
from tests.chaos.run import INJECTIONS, Options, disturb, scene_of
from tests.chaos.scene import Scene
from tests.services import open_directory

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

SEED = 20
SHORT = (
    "worker killed in a batch",
    "worker stopped",
    "broker killed",
    "PostgreSQL crashed",
    "serialisation failures",
    "network to Kafka cut",
    "poison batch",
    "events doubled",
)
BROKEN = "commit-offset-first"


@pytest.fixture(scope="module")
def options() -> Iterator[Options]:
    with open_directory("roundtable-chaos-") as directory:
        yield Options(SEED, directory / "data", per_second=200.0)


@pytest.fixture(scope="module")
def scene(options: Options, service_settings: Settings) -> Iterator[Scene]:
    with scene_of(options, service_settings) as scene:
        yield scene


def plan(*kinds: str) -> Sequence[Fault]:
    return plan_of(SEED, len(kinds), {kind: KINDS[kind] for kind in kinds})


def test_eight_kinds_of_faults_under_load_lose_and_double_nothing(
    scene: Scene, options: Options
) -> None:
    said: list[str] = []

    outcome = disturb(scene, options, plan(*SHORT), said.append)

    assert {one.kind for one in outcome.happened} == set(SHORT)
    assert outcome.accepted > 1_000
    assert outcome.broken == [], "\n".join(said)


def test_a_build_that_commits_the_offset_first_is_noticed(scene: Scene, options: Options) -> None:
    scene.set_build(BROKEN, workers=1)

    outcome = disturb(scene, options, plan(BUILDS[BROKEN].shown_by), lambda _: None)

    assert [sentence for sentence in outcome.broken if sentence.startswith("lost: ")]
    assert [sentence for sentence in outcome.broken if sentence.startswith("verify: ")]


def test_a_plan_is_a_function_of_its_seed_and_holds_every_kind() -> None:
    faults = plan_of(SEED, 200)

    assert faults == plan_of(SEED, 200)
    assert faults != plan_of(SEED + 1, 200)
    assert {fault.kind for fault in faults[: len(KINDS)]} == set(KINDS) == set(INJECTIONS)
