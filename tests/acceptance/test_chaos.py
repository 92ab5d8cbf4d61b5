"""A short chaos run: nothing accepted is lost or counts twice, and a broken build is noticed."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.chaos.plan import KINDS, plan_of
from tests.chaos.run import INJECTIONS, Outcome

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

SEED = 20
SHORT = (
    "worker killed in a batch",
    "PostgreSQL crashed",
    "serialisation failures",
    "network to Kafka cut",
    "poison batch",
    "events doubled",
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """A run of six faults, and one more with a worker that commits the offset first."""
    directory = tmp_path_factory.mktemp("chaos")
    options = [option for kind in SHORT for option in ("--only", kind)]
    run = subprocess.run(
        [
            *(sys.executable, "-m", "tests.chaos", "--seed", str(SEED)),
            *("--faults", str(len(SHORT)), "--rate", "200", *options),
            *("--then-break", "commit-offset-first"),
            *("--log", str(directory / "log.json"), "--logs", str(directory)),
        ],
        cwd=Path(__file__).resolve().parents[2],
        stderr=subprocess.PIPE,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    return msgspec.json.decode((directory / "log.json").read_bytes(), type=list[Outcome])


def test_six_kinds_of_faults_under_load_lose_and_double_nothing(outcomes: list[Outcome]) -> None:
    whole = outcomes[0]

    assert {one.kind for one in whole.happened} == set(SHORT)
    assert whole.accepted > 1_000
    assert whole.broken == []


def test_a_build_that_commits_the_offset_first_is_noticed(outcomes: list[Outcome]) -> None:
    broken = outcomes[1]

    assert broken.build == "commit-offset-first"
    assert [sentence for sentence in broken.broken if sentence.startswith("lost: ")]
    assert [sentence for sentence in broken.broken if sentence.startswith("verify: ")]


def test_a_plan_is_a_function_of_its_seed_and_holds_every_kind() -> None:
    faults = plan_of(SEED, 200)

    assert faults == plan_of(SEED, 200)
    assert faults != plan_of(SEED + 1, 200)
    assert {fault.kind for fault in faults[: len(KINDS)]} == set(KINDS) == set(INJECTIONS)
