"""`down` stops whatever was left, what writes before what it writes to."""

from collections.abc import Iterator

import pytest

from cli.data_dir import DataDir
from cli.down import bring_down
from cli.postgres_server import start_postgres
from cli.processes import Command, ProcessRecord, is_alive, launch
from cli.services import postgres_home
from tests.services import open_directory

pytestmark = pytest.mark.stack


@pytest.fixture
def layout() -> Iterator[DataDir]:
    with open_directory("roundtable-down-") as directory:
        yield DataDir.at(directory)


def _left(layout: DataDir, role: str) -> ProcessRecord:
    log = layout.logs / f"{role}.log"
    return launch(Command(role, ["/bin/sleep", "60"], log, layout.root))


def test_what_a_killed_up_left_is_stopped_in_order(layout: DataDir) -> None:
    postgres = start_postgres(postgres_home(layout), 0).process
    left = [postgres, *(_left(layout, role) for role in ("kafka", "worker", "api"))]
    said: list[str] = []

    stopped = bring_down(layout, said.append)

    assert stopped
    assert not any(is_alive(process) for process in left)
    roles = [line.split()[1].rstrip(",") for line in said]
    assert set(roles[:2]) == {"api", "worker"}
    assert roles[2:] == ["kafka", "postgres"]


def test_where_nothing_runs_nothing_is_stopped(layout: DataDir) -> None:
    assert not bring_down(layout, lambda _: None)
