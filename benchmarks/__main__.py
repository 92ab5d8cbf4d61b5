"""Runs every benchmark against one stack of its own and writes what they print to one file.

    python -m benchmarks [--quick]

The figures of one run were measured on one machine under the same load: compare them with each
other, not with those of another run.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cli.reporting import to_console
from cli.running import EVERYTHING, running_stack
from cli.settings import Settings
from cli.stack import Stack

RESULTS = Path(__file__).parent / "results" / "latest.md"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events, coarser figures")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="roundtable-bench-") as directory:
        Path(directory).chmod(0o711)  # PostgreSQL under root runs as another user
        settings = Settings.from_env(os.environ)
        with running_stack(Path(directory) / "data", settings, EVERYTHING, to_console) as running:
            sections = [_section(command, running.stack) for command in _commands(quick=quick)]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join([_heading(), *(text for _, text in sections)]))
    to_console(f"Written to {RESULTS}")
    return max(code for code, _ in sections)


def _commands(*, quick: bool) -> Sequence[Sequence[str]]:
    size = "20000" if quick else "200000"
    return (
        ("benchmarks.live_reading", "--rate", "500", "--events", "50" if quick else "300"),
        ("benchmarks.pipeline", "--events", size),
        ("benchmarks.gateway", "--events", size),
        ("benchmarks.transport", "--events", size, "--stock", "20000"),
        ("benchmarks.attribution", "--events", size),
    )


def _section(command: Sequence[str], stack: Stack) -> tuple[int, str]:
    module, *options = command
    where = {"benchmarks.gateway": ["--kafka", stack.kafka, "--database", stack.database]}
    where["benchmarks.transport"] = ["--kafka", stack.kafka]
    to_console(f"Running {module}")
    done = subprocess.run(
        [sys.executable, "-m", module, *options, *where.get(module, [])],
        env=_environment(stack),
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout if done.returncode == 0 else done.stdout + done.stderr
    to_console(said)
    title = f"## python -m {module} {' '.join(options)}"
    return done.returncode, f"{title}\n\n```\n{said.strip()}\n```\n"


def _environment(stack: Stack) -> Mapping[str, str]:
    return {
        **os.environ,
        "ROUNDTABLE_URL": str(stack.http),
        "ROUNDTABLE_TOKEN": stack.token,
        "ROUNDTABLE_KAFKA": stack.kafka,
        "ROUNDTABLE_DATABASE": stack.database,
    }


def _heading() -> str:
    today = datetime.now(UTC).date().isoformat()
    return (
        f"# Measured on {today}\n\n{os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}. Written by `make bench`; broker, PostgreSQL, API, "
        f"worker and the benchmark share the machine.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
