"""`roundtable up`: runs the stack in the foreground, or leaves it running with --detach."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cli.data_dir import DataDir, add_data_dir
from cli.processes import Command, ProcessRecord, is_alive, launch, log_tail
from cli.reporting import to_console
from cli.running import Parts, running_stack
from cli.settings import VARIABLES, Settings
from cli.stack import Stack, find
from cli.stack_error import StackError


class DetachError(StackError):
    """The stack that was to run in the background did not come up."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the help lists the environment variables as well."""
    add_data_dir(parser)
    parser.add_argument("--no-api", action="store_true", help="do not start the API")
    parser.add_argument("--no-worker", action="store_true", help="do not start the worker")
    parser.add_argument(
        "--detach", action="store_true", help="return once all is healthy and leave it running"
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "environment:\n" + "\n".join(
        f"  {variable.name:<35}{variable.purpose}" for variable in VARIABLES
    )


def run(args: argparse.Namespace) -> int:
    """Run until Ctrl-C or SIGTERM (exit code 0), or until a service ends (exit code 1)."""
    settings = Settings.from_env(os.environ)
    if args.detach:
        return _detach(args)
    _on_stop_signals(_interrupt)
    parts = Parts(api=not args.no_api, worker=not args.no_worker)
    try:
        with running_stack(args.data_dir, settings, parts, to_console) as running:
            to_console(where_to_look(running.stack, args.data_dir))
            failure = running.wait()
            to_console(f"{failure} Stopping the rest.")
    except KeyboardInterrupt:
        to_console("Stopped.")
        return 0
    return 1


def where_to_look(stack: Stack, data_dir: Path) -> str:
    """Return the lines that tell a person where everything is."""
    layout = DataDir(data_dir.resolve())
    lines = [
        "Roundtable runs. Ctrl-C stops it, the data stay.",
        f"  API         {stack.http}" if stack.http else "  API         not started",
        f"  token       in {layout.token_file}",
        f"  Kafka       {stack.kafka}",
        f"  PostgreSQL  address and password in {layout.state_file}",
        f"  logs        in {layout.logs}",
    ]
    return "\n".join(lines)


def _on_stop_signals(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    # Once is enough: a second signal must not cut the orderly stop short.
    _on_stop_signals(signal.SIG_IGN)
    to_console("Stopping ...")
    raise KeyboardInterrupt


def _detach(args: argparse.Namespace) -> int:
    layout = DataDir.at(args.data_dir)
    options = ["--no-api"] * args.no_api + ["--no-worker"] * args.no_worker
    argv = [sys.executable, "-m", "cli", "up", "--data-dir", str(layout.root), *options]
    environ = {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    command = Command("up", argv, layout.logs / "up.log", None, environ)
    stack = _wait_for_stack(layout, launch(command), command)
    to_console(where_to_look(stack, args.data_dir).replace("Ctrl-C", "`roundtable down`"))
    return 0


def _wait_for_stack(layout: DataDir, process: ProcessRecord, command: Command) -> Stack:
    while is_alive(process):
        stack = find(layout.root)
        if stack is not None and stack.runner == process and stack.ready:
            return stack
        time.sleep(0.2)
    raise DetachError(f"The stack did not start.\n{log_tail(command.log)}")
