"""Writes what runs came to into docs/reliability.md, between its two marks, from their logs.

`python -m tests.chaos.report LOG ...`: nothing between the marks is written by hand.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tests.chaos.plan import KINDS
from tests.chaos.run import Happened, Outcome

DOCUMENT = Path("docs/reliability.md")
BEGIN, END = "<!-- written by tests/chaos/report.py -->", "<!-- end of what is written -->"


def written(document: str, outcomes: Sequence[Outcome]) -> str:
    """Return the document with what these runs came to between its marks."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = "\n".join(_lines(outcomes))
    return f"{before}{BEGIN}\n{lines}\n{END}{after}"


def _lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        yield from ["", *(_of_good(outcome) if not outcome.build else _of_broken(outcome))]


def _of_good(outcome: Outcome) -> Iterator[str]:
    kept = (
        "every promise held" if not outcome.broken else "**broken**: " + "; ".join(outcome.broken)
    )
    yield (
        f"Seed {outcome.seed}, begun {outcome.began}: {len(outcome.happened)} faults in "
        f"{outcome.seconds / 60:.0f} minutes, {outcome.accepted:,} events accepted meanwhile, a "
        f"worker held {outcome.most_memory} MiB at most; {kept}."
    )
    yield ""
    yield (
        "| fault | what it stands for | times | longest pause | slowest recovery | for example |"
    )
    yield "|---|---|--:|--:|--:|---|"
    for kind in KINDS:
        found = [one for one in outcome.happened if one.kind == kind]
        if found:
            yield _row(kind, found)


def _row(kind: str, found: Sequence[Happened]) -> str:
    recovered = [one.recovered for one in found]
    slowest = "never" if None in recovered else f"{max(one or 0.0 for one in recovered):.1f} s"
    longest = max(found, key=lambda one: one.longest_pause)
    return (
        f"| {kind} | {KINDS[kind].meaning} | {len(found)} | {longest.longest_pause:.1f} s | "
        f"{slowest} | {longest.observed} |"
    )


def _of_broken(outcome: Outcome) -> Iterator[str]:
    caught = "; ".join(outcome.broken) if outcome.broken else "**nothing was noticed**"
    yield (
        f"Broken build `{outcome.build}`, seed {outcome.seed}, {len(outcome.happened)} faults in "
        f"{outcome.seconds:.0f} s: {caught[:400]}."
    )


def main() -> int:
    """Rewrite the document."""
    logs = [Path(name).read_bytes() for name in sys.argv[1:]]
    outcomes = [msgspec.json.decode(log, type=Outcome) for log in logs]
    DOCUMENT.write_text(written(DOCUMENT.read_text(), outcomes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
