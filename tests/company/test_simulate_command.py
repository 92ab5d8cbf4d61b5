"""The command as a person runs it: what it sends, where, how fast, and the code it ends with."""

import argparse
import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli import simulate
from cli.company.broken import BROKEN_KINDS
from cli.company.company import Company
from cli.company.experiments import DEFAULT_EXPERIMENTS
from cli.main import main
from cli.replaying.speed import deliver_at_speed
from cli.replaying.targets import Answer
from schemas.codec import decode
from schemas.events import InvalidEvent
from tests.replay.loopback_gateway import loopback_gateway

DOC = (Path(__file__).resolve().parents[2] / "docs" / "simulation.md").read_text()
NOW_US = 1_735_689_600_000_000  # 2025-01-01
SIMULATE = ["simulate", "--accounts", "20", "--seed", "9", "--start", "2024-01-01T00:00:00+00:00"]


def by_the_contract(raw: bytes) -> dict[str, str] | None:
    try:
        decode(raw, now_us=NOW_US)
    except InvalidEvent as refusal:
        return {"field": refusal.field, "rule": refusal.rule}
    return None


def expected() -> Company:
    return Company(9, 20, start=datetime(2024, 1, 1, tzinfo=UTC))


def test_events_can_be_written_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"

    code = main([*SIMULATE, "--out", str(out)])

    assert code == 0
    assert out.read_bytes().splitlines() == list(expected().events())


def test_a_place_that_cannot_be_written_to_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = main([*SIMULATE, "--out", str(tmp_path / "gone" / "events.jsonl")])

    assert code == 2
    assert "events.jsonl: No such file" in capfd.readouterr().err


def test_every_valid_event_arrives_and_every_broken_one_is_refused(tmp_path: Path) -> None:
    truth = expected().truth

    with loopback_gateway(judge=by_the_contract) as server:
        main([*SIMULATE, "--data-dir", str(tmp_path), "--url", server.url, "--token", "t"])

    assert Counter(server.ids).total() == len(truth.valid) + truth.duplicates
    assert set(server.ids) == {json.loads(raw)["id"] for raw in truth.valid}


def test_a_gateway_that_refuses_what_is_valid_ends_the_command_with_1(tmp_path: Path) -> None:
    def nothing_from_the_crm(raw: bytes) -> dict[str, str] | None:
        if b"urn:simulated:crm" in raw:
            return {"field": "source", "rule": "schema"}
        return by_the_contract(raw)

    with loopback_gateway(judge=nothing_from_the_crm) as server:
        code = main([*SIMULATE, "--data-dir", str(tmp_path), "--url", server.url, "--token", "t"])

    assert code == 1


def test_registering_needs_the_api(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data-dir", str(tmp_path), "--to", "kafka", "--kafka", "127.0.0.1:1"]

    code = main([*SIMULATE, *arguments, "--register"])

    assert code == 2
    assert "--register goes through the API" in capfd.readouterr().err


def test_events_leave_when_they_are_due_on_the_faster_clock() -> None:
    now = 0.0
    left: list[tuple[float, bytes]] = []

    class Noting:
        name = "noting"

        async def send(self, batch: Sequence[bytes]) -> Answer:
            left.extend((now, event) for event in batch)
            return Answer(len(batch))

    async def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds

    # Ten simulated hours, one event each half hour, an hour a second.
    events = [(half_hour * 1_800_000_000, str(half_hour).encode()) for half_hour in range(21)]
    asyncio.run(deliver_at_speed(events, Noting(), lambda *_: None, 3_600, lambda: now, pass_time))

    assert [event for _, event in left] == [event for _, event in events]
    assert all(abs(moment - half_hour * 0.5) <= 0.05 for half_hour, (moment, _) in enumerate(left))


def test_what_is_documented_is_what_there_is() -> None:
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)
    options = {option for action in parser._actions for option in action.option_strings}

    documented = set(re.findall(r"`(--[a-z]+)", DOC))

    assert documented <= options
    assert options - documented <= {"-h", "--help", "--data-dir"}
    assert f"{len(BROKEN_KINDS)} kinds" in DOC
    assert all(f"`{experiment.key}`" in DOC for experiment in DEFAULT_EXPERIMENTS)
