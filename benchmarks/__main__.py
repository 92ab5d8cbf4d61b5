"""Runs every benchmark against one stack of its own and writes what they print to one file.

    python -m benchmarks [--quick] [--only inference]

The throughput beside its peers comes last, on a stack of its own, and writes files of its own.

The figures of one run were measured on one machine under the same load: compare them with each
other, not with those of another run.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cli.reporting import to_console
from cli.running import EVERYTHING, running_stack
from cli.settings import Settings
from cli.stack import Stack

RESULTS = Path(__file__).parent / "results"
ALONE = frozenset({"benchmarks.inference", "benchmarks.attribution", "benchmarks.batch_cost"})
"""Pure: without broker, PostgreSQL, API and worker."""
THROUGHPUT = "throughput"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events, coarser figures")
    parser.add_argument("--only", help="one of them, into a file of its own")
    arguments = parser.parse_args()
    chosen = [
        command
        for command in _commands(quick=arguments.quick)
        if arguments.only in {None, command[0].removeprefix("benchmarks.")}
    ]
    if not chosen and arguments.only != THROUGHPUT:
        parser.error(f"no benchmark is called {arguments.only!r}")
    code = _run(chosen, RESULTS / f"{arguments.only or 'latest'}.md") if chosen else 0
    if arguments.only in {None, THROUGHPUT}:
        code = max(code, _throughput(quick=arguments.quick))
    return code


def _run(chosen: Sequence[Sequence[str]], results: Path) -> int:
    with _stack_for(chosen) as stack:
        sections = [_section(command, stack) for command in chosen]
    results.parent.mkdir(exist_ok=True)
    results.write_text("\n".join([_heading(chosen), *(text for _, text in sections)]))
    to_console(f"Written to {results}")
    return max(code for code, _ in sections)


def _throughput(*, quick: bool) -> int:
    options = ("--quick",) if quick else ()
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{THROUGHPUT}", *options], check=False
    ).returncode


@contextmanager
def _stack_for(commands: Sequence[Sequence[str]]) -> Iterator[Stack | None]:
    if all(module in ALONE for module, *_ in commands):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="roundtable-bench-") as directory:
        Path(directory).chmod(0o711)  # PostgreSQL under root runs as another user
        settings = Settings.from_env(os.environ)
        with running_stack(Path(directory) / "data", settings, EVERYTHING, to_console) as running:
            yield running.stack


def _commands(*, quick: bool) -> Sequence[Sequence[str]]:
    size = "20000" if quick else "200000"
    return (
        ("benchmarks.freshness", "--rate", "10000", "--events", "50" if quick else "300"),
        ("benchmarks.gateway", "--seconds", "2" if quick else "8"),
        ("benchmarks.transport", "--events", size, "--stock", "20000"),
        ("benchmarks.attribution", "--events", size),
        ("benchmarks.batch_cost",),
        ("benchmarks.registry", "--many", "2000" if quick else "10000"),
        ("benchmarks.backfill", *(("--events", "200000", "--accounts", "20000") if quick else ())),
        ("benchmarks.inference", *(("--experiments", "200") if quick else ())),
    )


def _section(command: Sequence[str], stack: Stack | None) -> tuple[int, str]:
    module, *options = command
    to_console(f"Running {module}")
    done = subprocess.run(
        [sys.executable, "-m", module, *options, *_where(module, stack)],
        env=_environment(stack),
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout if done.returncode == 0 else done.stdout + done.stderr
    to_console(said)
    title = f"## python -m {' '.join(command)}"
    return done.returncode, f"{title}\n\n```\n{said.strip()}\n```\n"


def _where(module: str, stack: Stack | None) -> Sequence[str]:
    if stack is None:
        return ()
    kafka, database = ("--kafka", stack.kafka), ("--database", stack.database)
    asked = {
        "benchmarks.gateway": (*kafka, *database),
        "benchmarks.transport": kafka,
        "benchmarks.registry": database,
        "benchmarks.backfill": database,
    }
    return asked.get(module, ())


def _environment(stack: Stack | None) -> Mapping[str, str]:
    if stack is None:
        return os.environ
    return {
        **os.environ,
        "ROUNDTABLE_URL": str(stack.http),
        "ROUNDTABLE_TOKEN": stack.token,
        "ROUNDTABLE_KAFKA": stack.kafka,
        "ROUNDTABLE_DATABASE": stack.database,
    }


def _heading(commands: Sequence[Sequence[str]]) -> str:
    today = datetime.now(UTC).date().isoformat()
    shared = "broker, PostgreSQL, API, worker and the benchmark share the machine"
    alone = all(module in ALONE for module, *_ in commands)
    return (
        f"# Measured on {today}\n\n{os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}. Written by `python -m benchmarks`; "
        f"{'alone, without the other benchmarks' if alone else shared}.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
