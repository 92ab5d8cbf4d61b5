"""Registers examples, replays files and waits for their readings, as a person would."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cli.api_client import connected
from cli.main import main
from cli.registering import register
from cli.replaying.destination import GatewayAddress
from tests.acceptance.conftest import RunningHere

EXAMPLES = Path("examples")
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
MISSING = f"the published data are not beside this checkout ({DATA.parent.name}/{DATA.name})"

Document = Mapping[str, Any]


def register_example(running: RunningHere, metrics: str, *experiments: str) -> None:
    register(
        running.url,
        running.token,
        json.loads((EXAMPLES / f"{metrics}.metrics.json").read_text()),
        [json.loads((EXAMPLES / f"{name}.experiment.json").read_text()) for name in experiments],
    )


def replay(running: RunningHere, file: str, mapping: str, *options: str) -> int:
    """Run `roundtable replay` against the stack and return its exit code."""
    return main(
        [
            *("replay", str(DATA / file), "--mapping", str(EXAMPLES / f"{mapping}.toml")),
            *("--data-dir", str(running.data_dir), *options),
        ]
    )


def results(running: RunningHere, key: str) -> Document:
    with connected(GatewayAddress(running.url, running.token)) as api:
        return api.results(key)


def wait_for(
    running: RunningHere, key: str, is_there: Callable[[Document], bool], *, seconds: float = 150
) -> Document:
    """Return the first complete results for which `is_there` holds; fail with the last ones."""
    give_up_at = time.monotonic() + seconds
    while True:
        found = results(running, key)
        if found["backfill"]["complete"] and is_there(found):
            return found
        if time.monotonic() > give_up_at:
            raise AssertionError(f"not there after {seconds} s: {found['intake']}")
        time.sleep(0.25)


def delivered(found: Document, topic: str = "events") -> int:
    """Records of the topic that were applied so far, also those that changed nothing."""
    for delivery in found["intake"]["deliveries"]:
        if delivery["topic"] == topic:
            return int(delivery["accepted"] + delivery["duplicates"] + delivery["refused"])
    return 0


def metric_of(found: Document, key: str) -> Document:
    (metric,) = (metric for metric in found["metrics"] if metric["metric"] == key)
    return metric


def arm_of(metric: Document, variant: str) -> Document:
    (arm,) = (arm for arm in metric["arms"] if arm["variant"] == variant)
    return arm


def pair_of(metric: Document, baseline: str, variant: str) -> Document:
    (pair,) = (
        pair
        for pair in metric["pairs"]
        if (pair["baseline"], pair["variant"]) == (baseline, variant)
    )
    return pair


def moments_of(found: Document) -> dict[tuple[str, str], Document]:
    """Every exact sum, by metric and variant."""
    return {
        (metric["metric"], arm["variant"]): {**arm["moments"], "open": arm["moments_still_open"]}
        for metric in found["metrics"]
        for arm in metric["arms"]
    }
