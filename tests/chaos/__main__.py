"""`python -m tests.chaos --seed N --faults 200`: makes a run, or shows what it would do."""

import argparse
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import msgspec

from cli.settings import Settings
from tests.chaos.broken_builds import BUILDS
from tests.chaos.plan import KINDS, plan_of
from tests.chaos.run import Options, Outcome, run
from tests.services import open_directory


def main() -> int:
    """Return 0 where every promise held, or a broken build was noticed; 1 otherwise."""
    args = _arguments()
    # Whoever ends the run ends what it has started as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    only = [BUILDS[args.build].shown_by] if args.build and not args.only else args.only
    kinds = {name: kind for name, kind in KINDS.items() if not only or name in only}
    plan = plan_of(args.seed, args.faults, kinds)
    if args.plan:
        sys.stdout.write("".join(f"{fault}\n" for fault in plan))
        return 0
    chosen = Settings.from_env(os.environ)
    settings = replace(
        chosen, kafka=None, database=None, kafka_port=0, database_port=0, http_port=0
    )
    with open_directory("roundtable-chaos-") as directory:
        options = Options(args.seed, directory / "data", args.rate, args.build)
        try:
            outcomes = run(options, plan, settings, _tell, args.then_break)
        finally:
            shutil.copytree(directory / "data" / "log", args.logs, dirs_exist_ok=True)
    args.log.parent.mkdir(parents=True, exist_ok=True)
    shown = outcomes if args.then_break else outcomes[0]
    args.log.write_bytes(msgspec.json.format(msgspec.json.encode(shown)) + b"\n")
    for outcome in outcomes:
        _tell_of(outcome)
    return int(any(bool(outcome.broken) != bool(outcome.build) for outcome in outcomes))


def _tell_of(outcome: Outcome) -> None:
    faults = len(outcome.happened)
    _tell(f"{faults} faults, {outcome.accepted} events accepted, {outcome.seconds} s")
    for sentence in outcome.broken:
        _tell(f"BROKEN {sentence}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--only", action="append", metavar="KIND", help="only faults of this kind")
    parser.add_argument("--rate", type=float, default=300, help="events per second")
    parser.add_argument(
        "--break",
        dest="build",
        default="",
        choices=list(BUILDS),
        help="run a broken build of the worker, by faults that show it",
    )

    parser.add_argument(
        "--then-break",
        default="",
        choices=list(BUILDS),
        help="one more fault at the end, with a broken build; the log is then a list of both",
    )
    parser.add_argument("--plan", action="store_true", help="show the plan and run nothing")
    parser.add_argument("--log", type=Path, default=Path(".roundtable/chaos.json"))
    parser.add_argument(
        "--logs", type=Path, default=Path(".roundtable/chaos"), help="of the processes"
    )
    return parser.parse_args()


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
