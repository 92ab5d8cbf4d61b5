"""`roundtable status`: what runs for a data directory, where, and since when."""

import argparse
import time

import msgspec
from rich.table import Table

from cli.data_dir import add_data_dir
from cli.processes import ProcessRecord, is_alive
from cli.reporting import OUTPUT, print_json, to_console
from cli.stack import Stack, recorded


class ProcessStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a process of the stack, ours or, without a pid, somebody else's."""

    role: str
    address: str | None
    pid: int | None
    running: bool | None
    seconds: float | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_dir(parser)
    parser.add_argument("--json", action="store_true", help="print JSON on standard output")


def run(args: argparse.Namespace) -> int:
    """Show the stack; exit code 1 when it does not run completely."""
    stack = recorded(args.data_dir)
    rows = statuses(stack, now=time.time()) if stack else []
    if args.json:
        print_json(rows)
    elif not rows:
        to_console(f"Nothing runs in {args.data_dir}. Start it with `roundtable up`.")
    else:
        OUTPUT.print(_table(rows))
    return 0 if rows and all(row.running is not False for row in rows) else 1


def statuses(stack: Stack, *, now: float) -> list[ProcessStatus]:
    """Return a row per process of the stack, the runner first."""
    addresses = {"kafka": stack.kafka, "api": stack.http}
    ours = [("up", stack.runner), *stack.processes.items()]
    external = [role for role in ("kafka", "postgres") if role not in stack.processes]
    return [_ours(role, addresses.get(role), record, now) for role, record in ours] + [
        ProcessStatus(role=role, address=addresses.get(role), pid=None, running=None, seconds=None)
        for role in external
    ]


def _ours(role: str, address: str | None, record: ProcessRecord, now: float) -> ProcessStatus:
    alive = is_alive(record)
    return ProcessStatus(
        role=role,
        address=address,
        pid=record.pid,
        running=alive,
        seconds=now - record.created if alive else None,
    )


def _table(rows: list[ProcessStatus]) -> Table:
    table = Table("process", "state", "pid", "since", "address", box=None)
    words = {True: "running", False: "ended", None: "external"}
    for row in rows:
        since = f"{row.seconds:.0f} s" if row.seconds is not None else ""
        table.add_row(row.role, words[row.running], str(row.pid or ""), since, row.address or "")
    return table
