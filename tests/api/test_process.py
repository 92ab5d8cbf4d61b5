"""`python -m api` as a process: what it needs, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from cli.ports import choose_port
from tests.api.serving import NOWHERE, TOKEN, wait_for

ROOT = Path(__file__).resolve().parents[2]


def start(**environ: str) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if name[:10] != "ROUNDTABLE"}
    return subprocess.Popen(
        [sys.executable, "-m", "api"],
        cwd=ROOT,
        env=inherited | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_without_a_token_it_does_not_start() -> None:
    with start(ROUNDTABLE_KAFKA=NOWHERE, ROUNDTABLE_DATABASE="dbname=none") as process:
        _, told = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "ROUNDTABLE_TOKEN is not set" in told


@pytest.mark.parametrize(("number", "processes"), [(signal.SIGTERM, 2), (signal.SIGINT, 1)])
def test_it_answers_without_kafka_and_database_and_ends_when_told(
    number: signal.Signals, processes: int
) -> None:
    port = choose_port(0)
    environ = {
        "ROUNDTABLE_KAFKA": NOWHERE,
        "ROUNDTABLE_DATABASE": "host=127.0.0.1 port=1 dbname=none",
        "ROUNDTABLE_HTTP_PORT": str(port),
        "ROUNDTABLE_API_PROCESSES": str(processes),
        "ROUNDTABLE_TOKEN": TOKEN,
        "ROUNDTABLE_HASH_KEY": TOKEN,
    }
    with start(**environ) as process:
        try:
            healthy: set[int] = set()
            wait_for(lambda: _are_healthy(port, healthy, processes), seconds=120)

            process.send_signal(number)
            process.communicate(timeout=30)
        finally:
            process.kill()

    # uvicorn raises the signal anew once everything is closed, as the parent expects of a child.
    assert process.returncode in {0, -number}


def _are_healthy(port: int, found: set[int], processes: int) -> bool:
    """Ask once more; whichever process takes the connection answers."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False, verify=False)
    except httpx.TransportError:
        return False
    found.add(answer.json()["process"])
    return len(found) == processes
