"""`roundtable down`: stops what runs for a data directory, also what a killed `up` left."""

import argparse
import os
import signal
import time

from cli import kafka_server, postgres_server
from cli.data_dir import DataDir, add_data_dir
from cli.postgres_place import data_directory
from cli.postmaster import running_postmaster
from cli.processes import ProcessRecord, stop, strays
from cli.reporting import Report, to_console
from cli.stack_error import StackError

PATIENCE_SECONDS = 120
# What writes goes first, what it writes to last.
STOP_ORDER = {kafka_server.ROLE: 1, postgres_server.ROLE: 2}


class StillRunningError(StackError):
    """The process that runs the stack does not end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Stop everything; that nothing runs is no failure."""
    layout = DataDir.existing(args.data_dir)
    stopped = layout is not None and bring_down(layout, to_console)
    to_console("Everything is stopped." if stopped else f"Nothing runs in {args.data_dir}.")
    return 0


def bring_down(layout: DataDir, report: Report) -> bool:
    """Ask the running `up` to stop, then stop what has no parent; say whether there was any."""
    holder = layout.holder()
    if holder is not None:
        report(f"Stopping the stack of process {holder}")
        _stop_holder(layout, holder)
    with layout.held():
        left = [*_left_applications(layout), *_left_postgres(layout)]
        for role, process in sorted(left, key=lambda one: STOP_ORDER.get(one[0], 0)):
            report(f"Stopping {role}, left by an earlier run")
            stop(process, gently=signal.SIGINT if role == postgres_server.ROLE else signal.SIGTERM)
        layout.state_file.unlink(missing_ok=True)
    return holder is not None or bool(left)


def _stop_holder(layout: DataDir, holder: int) -> None:
    os.kill(holder, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while layout.holder() is not None:
        if time.monotonic() > deadline:
            raise StillRunningError(
                f"Process {holder} does not end. See {layout.logs}; `kill -9 {holder}` and "
                "`roundtable down` again stop it without losing data."
            )
        time.sleep(0.1)


def _left_applications(layout: DataDir) -> list[tuple[str, ProcessRecord]]:
    # PostgreSQL's processes carry the mark as well; its postmaster stops them in order.
    return [one for one in strays(layout.root) if one[0] != postgres_server.ROLE]


def _left_postgres(layout: DataDir) -> list[tuple[str, ProcessRecord]]:
    found = running_postmaster(data_directory(layout.postgres))
    return [(postgres_server.ROLE, found.process)] if found else []
