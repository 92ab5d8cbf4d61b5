"""The command as a person runs it: what it sends, says, keeps, and the code it ends with."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from cli.main import main
from tests.replay.loopback_gateway import Events, LoopbackGateway, loopback_gateway

ROOT = Path(__file__).resolve().parents[2]
MAPPING = """
source = "urn:test"

[[refuse]]
reason = "not wanted"
when = [{ column = "wanted", value = "no" }]

[[event]]
name = "view"
type = "engagement.page.viewed"
id = "view-{who}"
time = { column = "at" }
contact = "{who}"
data.refused = { column = "wanted", type = "boolean", optional = true }
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING)
    return path


def rows_file(directory: Path, rows: list[str]) -> Path:
    path = directory / "rows.csv"
    path.write_text("who,at,wanted\n" + "".join(f"{row}\n" for row in rows))
    return path


def good_rows(count: int) -> list[str]:
    return [f"c{number},2024-01-01T00:00:00Z," for number in range(count)]


def command(file: Path, mapping: Path, *more: str) -> list[str]:
    data_dir = str(file.parent / "stack")
    return ["replay", str(file), "--mapping", str(mapping), "--data-dir", data_dir, *more]


def test_a_complete_replay_ends_with_0_and_forgets_its_position(
    mapping: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = rows_file(tmp_path, good_rows(1_203))

    with loopback_gateway() as server:
        code = main(command(file, mapping, "--url", server.url, "--token", "t"))

    assert code == 0
    assert Counter(server.ids) == Counter(f"view-c{number}" for number in range(1_203))
    assert "1,203  events accepted" in capfd.readouterr().err
    assert list((tmp_path / "stack" / "replay").iterdir()) == []


def test_a_replay_of_which_something_is_refused_counts_it_and_ends_with_1(
    mapping: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = rows_file(tmp_path, [*good_rows(3), "c8,2024-01-01T00:00:00Z,no", "c9,never,yes"])
    left_out = tmp_path / "refused.jsonl"
    more = ["--token", "t", "--refused", str(left_out)]
    file.write_text(file.read_text() + "c10,2024-01-01T00:00:00Z,yes\n")

    with loopback_gateway() as server:
        code = main(command(file, mapping, "--url", server.url, *more))

    said = capfd.readouterr().err
    records = [json.loads(line) for line in left_out.read_text().splitlines()]
    assert code == 1
    for line in (
        "6  rows read",
        "2  rows refused",
        "1    not wanted",
        "1    event 'view', time: no time of the format 'iso'",
        "4  events sent",
        "3  events accepted",
        "1    data.refused: schema",
    ):
        assert line in said
    assert [record.get("row") for record in records] == [4, 5, None]
    assert records[0]["cells"]["who"] == "c8"
    assert records[2]["event"]["id"] == "view-c10"


def test_a_dry_run_sends_nothing_and_lists_refused_rows(
    mapping: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = rows_file(tmp_path, [*good_rows(3), "c8,2024-01-01T00:00:00Z,no"])

    code = main(command(file, mapping, "--dry-run"))

    said = capfd.readouterr().err
    assert code == 1
    assert "row 4: not wanted" in said
    assert "3  events made" in said


def test_a_dry_run_finds_rows_that_share_an_id(
    mapping: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = rows_file(tmp_path, [*good_rows(3), *good_rows(1)])

    code = main(command(file, mapping, "--dry-run"))

    assert code == 1
    assert "1  events with an id that an earlier row has" in capfd.readouterr().err


def test_without_a_stack_or_an_address_the_command_says_what_to_do(
    mapping: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = main(command(rows_file(tmp_path, good_rows(1)), mapping))

    assert code == 2
    assert "Start it with `roundtable up`, or give --url" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"), [("--rate", "fast"), ("--rate", "0/s"), ("--limit", "0")]
)
def test_a_number_that_cannot_be_meant_is_refused(
    option: str, value: str, mapping: Path, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(command(rows_file(tmp_path, good_rows(1)), mapping, option, value))

    assert ending.value.code == 2


def test_a_replay_killed_on_the_way_continues_where_it_was(mapping: Path, tmp_path: Path) -> None:
    file = rows_file(tmp_path, good_rows(8_000))

    with loopback_gateway(_slowly) as server:
        arguments = command(file, mapping, "--url", server.url, "--token", "t")
        _kill_after(8, arguments, server)
        before = len(server.ids)
        second = _run(arguments)

    sent = Counter(server.ids)
    assert second.returncode == 0, second.stderr
    assert 0 < before < 8_000
    assert set(sent) == {f"view-c{number}" for number in range(8_000)}
    # At most the batches that were on their way are sent again, not the whole file.
    assert sum(sent.values()) - 8_000 <= 5 * 500
    assert "of them by an earlier run" in second.stderr


def test_a_restart_sends_everything_again(mapping: Path, tmp_path: Path) -> None:
    file = rows_file(tmp_path, good_rows(8_000))

    with loopback_gateway(_slowly) as server:
        arguments = command(file, mapping, "--url", server.url, "--token", "t")
        _kill_after(8, arguments, server)
        before = len(server.ids)
        _run([*arguments, "--restart"])

    assert len(server.ids) == before + 8_000


def _slowly(_number: int, _events: Events) -> None:
    time.sleep(0.05)


def _kill_after(batches: int, arguments: list[str], server: LoopbackGateway) -> None:
    process = subprocess.Popen([sys.executable, "-m", "cli", *arguments], cwd=ROOT)
    while server.requests < batches:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()


def _run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("event_type", "code"), [("product.trial.started", 0), ("engagement.trial.started", 1)]
)
def test_a_dry_run_leaves_types_of_the_house_to_the_gateway(
    event_type: str, code: int, tmp_path: Path
) -> None:
    mapping = tmp_path / "own.toml"
    mapping.write_text(MAPPING.replace("engagement.page.viewed", event_type))

    ended = main(command(rows_file(tmp_path, good_rows(3)), mapping, "--dry-run"))

    assert ended == code
