"""Sends the events of a simulated company, and says whether they fared as they should."""

import argparse
import asyncio
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.company.company import Company
from cli.company.registration import experiment_bodies, metric_bodies
from cli.registering import register
from cli.replaying.delivery import OnAnswer, deliver
from cli.replaying.destination import (
    Destination,
    GatewayAddress,
    KafkaAddress,
    add_destination,
    destination_of,
    open_target,
)
from cli.replaying.numbers import positive, rate
from cli.replaying.pacing import Pace
from cli.replaying.progress import shown_progress
from cli.replaying.speed import deliver_at_speed
from cli.replaying.targets import Answer, Target
from cli.reporting import CONSOLE
from cli.stack_error import StackError

DAYS = 180


class SimulationError(StackError):
    """A company that cannot be simulated as asked."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_destination(parser)
    parser.add_argument("--seed", type=int, default=1, help="which company (default: %(default)s)")
    parser.add_argument("--accounts", type=positive, default=300, help="default: %(default)s")
    parser.add_argument("--days", type=positive, default=DAYS, help="default: %(default)s")
    parser.add_argument(
        "--start", type=datetime.fromisoformat, help="first day (default: so that it ends today)"
    )
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--rate", type=rate, metavar="N/s", help="at most N events per second")
    pace.add_argument(
        "--speed", type=rate, metavar="X", help="as they happen, but X times faster: 86400 a day/s"
    )
    parser.add_argument("--register", action="store_true", help="register its experiments first")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the events there, one a line, and send none"
    )


def run(args: argparse.Namespace) -> int:
    """Send or write the events; exit code 1 when one was judged otherwise than it should be."""
    company = _company(args)
    if args.out is not None:
        return _write(company, args.out)
    destination = destination_of(args, os.environ)
    if args.register:
        _register(company, destination)
    answer = asyncio.run(_send(args, company, destination))
    return _conclude(company, destination, answer)


def _company(args: argparse.Namespace) -> Company:
    # Whole days: the same company again within a day has the same events.
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = args.start or today - timedelta(days=args.days)
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    return Company(args.seed, args.accounts, start=start, days=args.days)


def _write(company: Company, path: Path) -> int:
    try:
        with path.open("wb") as out:
            for event in company.events():
                out.write(event + b"\n")
    except OSError as error:
        raise SimulationError(f"{path}: {error.strerror}.") from error
    CONSOLE.print(f"{company.truth.events:,} events written to {path}", markup=False)
    return 0


def _register(company: Company, destination: Destination) -> None:
    if isinstance(destination, KafkaAddress):
        raise SimulationError("--register goes through the API: leave out --to kafka.")
    register(destination.url, destination.token, metric_bodies(), experiment_bodies(company))


async def _send(args: argparse.Namespace, company: Company, destination: Destination) -> Answer:
    total = company.truth.events
    whole, sent = Answer(0), 0
    with shown_progress("Sending") as advance:

        def note(size: int, answer: Answer) -> None:
            nonlocal whole, sent
            whole, sent = whole + answer, sent + size
            advance(sent, sent / max(total, 1))

        async with open_target(destination) as target:
            await _deliver(args, company, target, note)
    return whole


async def _deliver(
    args: argparse.Namespace, company: Company, target: Target, note: OnAnswer
) -> None:
    if args.speed is None:
        await deliver(company.events(), target, note, Pace(args.rate))
    else:
        timed = ((delivery.at_us, delivery.raw) for delivery in company.deliveries())
        await deliver_at_speed(timed, target, note, args.speed)


def _conclude(company: Company, destination: Destination, answer: Answer) -> int:
    truth = company.truth
    CONSOLE.print(
        f"{len(truth.valid):,} events of {company.accounts:,} accounts, "
        f"{truth.duplicates:,} of them sent twice, {truth.late:,} late, "
        f"{len(truth.broken):,} broken ones",
        markup=False,
    )
    CONSOLE.print(f"{answer.accepted:,} accepted, {len(answer.refused):,} refused", markup=False)
    if not isinstance(destination, GatewayAddress):
        return 0  # the intake agent judges them later: broken ones become dead letters
    expected = Counter(f"{event.kind.field}: {event.kind.rule}" for event in truth.broken)
    surprises = Counter(event.reason for event in answer.refused)
    surprises.subtract(expected)
    return 1 if any(surprises.values()) else 0
