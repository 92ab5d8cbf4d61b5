"""Sends the rows of a file as events: all of them are taken, or the exit code is not 0."""

import argparse
import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli.data_dir import DataDir
from cli.replaying.contract import CountingJudge, judge
from cli.replaying.destination import add_destination, destination_of, open_target
from cli.replaying.feed import Choice, Feed, OnRefused, check_columns
from cli.replaying.mapping_file import LoadedMapping, load_mapping
from cli.replaying.numbers import positive, rate
from cli.replaying.pacing import Pace
from cli.replaying.position import PositionFile, position_file
from cli.replaying.progress import shown_progress
from cli.replaying.refused_file import refused_sink
from cli.replaying.report import FirstRefused, Report, print_refused_rows, print_report
from cli.replaying.row_events import Check, RowEvents
from cli.replaying.row_files import open_rows
from cli.replaying.rows import RefusedRow
from cli.replaying.sending import send_feed
from cli.replaying.targets import Target
from cli.reporting import CONSOLE

EVENTS_PER_TICK = 5_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="CSV, JSON lines or Parquet, also as .gz")
    parser.add_argument(
        "--mapping", type=Path, required=True, help="TOML file that says what a row becomes"
    )
    add_destination(parser)
    parser.add_argument("--rate", type=rate, metavar="N/s", help="at most N events per second")
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N rows")
    parser.add_argument("--shuffle", type=int, metavar="SEED", help="send in a random order")
    parser.add_argument("--repeat", type=positive, default=1, metavar="N", help=argparse.SUPPRESS)
    parser.add_argument("--restart", action="store_true", help="forget how far an earlier run got")
    parser.add_argument(
        "--dry-run", action="store_true", help="send nothing; list refused rows with their reasons"
    )
    parser.add_argument(
        "--refused", type=Path, metavar="FILE", help="write what is refused there as JSON lines"
    )


def run(args: argparse.Namespace) -> int:
    """Try or send the file and print what became of it; exit code 1 when anything was refused."""
    loaded = load_mapping(args.mapping)
    report = _try(args, loaded) if args.dry_run else asyncio.run(_send(args, loaded))
    print_report(CONSOLE, report)
    return 0 if report.is_complete else 1


def _try(args: argparse.Namespace, loaded: LoadedMapping) -> Report:
    judge_of_all = CountingJudge()
    first = FirstRefused()
    events = 0
    with refused_sink(args.refused) as refused, shown_progress("Reading") as advance:
        with _opened(args, loaded, judge_of_all, (first.note, refused.row)) as feed:
            for events, _ in enumerate(feed.events(), start=1):
                if events % EVENTS_PER_TICK == 0:
                    advance(events, feed.fraction_read())
        advance(events, 1.0)
    print_refused_rows(CONSOLE, first.rows, sum(feed.refused.values()))
    return Report(feed.rows_read, feed.refused, events, repeated_ids=judge_of_all.repeated_ids)


async def _send(args: argparse.Namespace, loaded: LoadedMapping) -> Report:
    destination = destination_of(args, os.environ)
    with (
        refused_sink(args.refused) as refused,
        shown_progress("Sending") as advance,
        _opened(args, loaded, judge, (refused.row,)) as feed,
    ):
        async with open_target(destination) as target:
            return await send_feed(
                feed,
                target,
                _position_file(args, loaded, target),
                refused=refused,
                pace=Pace(args.rate),
                on_progress=lambda events: advance(events, feed.fraction_done(events)),
            )


@contextmanager
def _opened(
    args: argparse.Namespace, loaded: LoadedMapping, check: Check, sinks: Sequence[OnRefused]
) -> Iterator[Feed]:
    with open_rows(args.file, loaded.mapping.file) as rows:
        check_columns(loaded.mapping, rows)

        def note(row: RefusedRow) -> None:
            for sink in sinks:
                sink(row)

        yield Feed(rows, RowEvents(loaded.mapping, check), _choice(args), note)


def _position_file(args: argparse.Namespace, loaded: LoadedMapping, target: Target) -> PositionFile:
    directory = DataDir.at(args.data_dir).root / "replay"
    kept = position_file(directory, args.file, loaded.digest, target.name, _choice(args))
    if args.restart:
        kept.remove()
    return kept


def _choice(args: argparse.Namespace) -> Choice:
    return Choice(limit=args.limit, shuffle=args.shuffle, repeat=args.repeat)
