"""`roundtable demo`: the whole system with a simulated company in it, from campaign to reading."""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from cli.api_client import ApiClient, connected
from cli.data_dir import DataDir, add_data_dir
from cli.reading_table import sentences_of
from cli.replaying.destination import GatewayAddress
from cli.replaying.numbers import positive, rate
from cli.reporting import CONSOLE, SCREEN, to_console
from cli.running import EVERYTHING, running_stack
from cli.settings import Settings
from cli.stack import Stack
from cli.up import where_to_look

REFRESH_SECONDS = 1.0
DAY_SECONDS = 86_400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_dir(parser)
    parser.add_argument("--accounts", type=positive, default=1500, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="which company (default: %(default)s)")
    parser.add_argument(
        "--days-per-second", type=rate, default=2.0, help="how fast (default: %(default)s)"
    )
    parser.add_argument(
        "--once", action="store_true", help="end when the company's half year is over"
    )


def run(args: argparse.Namespace) -> int:
    """Run until Ctrl-C; exit code 1 where the simulated company did not fare as it should."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = Settings.from_env(os.environ)
    with running_stack(args.data_dir, settings, EVERYTHING, to_console) as running:
        stack = running.stack
        to_console(where_to_look(stack, args.data_dir))
        with _company(args, stack) as company:
            _watch(stack, company)
            if company.returncode:
                CONSOLE.print(
                    f"The company's events fared unexpectedly: {_log(args)}", markup=False
                )
                return 1
        _say_what_next(args)
        if not args.once:
            to_console(running.wait())
    return 0


@contextmanager
def _company(args: argparse.Namespace, stack: Stack) -> Iterator["subprocess.Popen[bytes]"]:
    command = [
        *(sys.executable, "-m", "cli.main", "simulate", "--register"),
        *("--data-dir", str(args.data_dir), "--seed", str(args.seed)),
        *("--accounts", str(args.accounts), "--speed", str(args.days_per_second * DAY_SECONDS)),
        *("--url", str(stack.http), "--token", stack.token),
    ]
    with _log(args).open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as company:
        try:
            yield company
        finally:
            company.terminate()


def _log(args: argparse.Namespace) -> Path:
    return DataDir(args.data_dir).logs / "company.log"


def _watch(stack: Stack, company: "subprocess.Popen[bytes]") -> None:
    address = GatewayAddress(str(stack.http), stack.token)
    with connected(address) as api, Live(console=SCREEN, auto_refresh=False) as live:
        while company.poll() is None:
            time.sleep(REFRESH_SECONDS)
            live.update(_all_readings(api), refresh=True)
        live.update(_all_readings(api), refresh=True)


def _all_readings(api: ApiClient) -> RenderableType:
    readings: list[RenderableType] = []
    for key in api.experiments():
        readings += [sentences_of(api.results(key)), Text()]
    return Group(*readings)


def _say_what_next(args: argparse.Namespace) -> None:
    to_console(
        f"The company's half year is over. Read one experiment in full:\n"
        f"  roundtable read KEY --data-dir {args.data_dir}\n"
        f"Ctrl-C stops the system; its data stay in {args.data_dir}."
    )
