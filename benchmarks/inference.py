"""Measures reading a thousand experiments at once, beside two other libraries in the same run.

    python -m benchmarks.inference

1,000 experiments of 3 arms × 6 metrics × 90 exposure days, 12,000 comparisons with the control:
each with absolute and relative effect, always-valid interval, covariate, correction and status,
from moments in memory. The others get the same samples, one comparison after the other, in
environments that uv makes for them; their intervals must be the ones that our formulas give.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from inference import reasons
from inference.arms import Arms, arms_of_means, steps_of
from inference.comparison import Method
from inference.differences import Differences, differences_of
from inference.layout import Layout, layout_of
from inference.lifts import lifts
from inference.moments import Moments
from inference.pair_table import PairTable, read_pairs
from inference.plan import ArmPlan, ExperimentPlan, MetricPlan
from inference.sequences import half_width
from inference.sums import DailySums, Sums
from schemas.resources import MetricKind

EXPERIMENTS, DAYS = 1_000, 90
ALLOWED_SECONDS = 0.3
REPEATS = 5
OF_PEERS = 2_000
"""Comparisons that the other libraries get: enough for a mean, few enough to wait for."""

KINDS = (
    MetricKind.CONVERSION,
    MetricKind.SUM,
    MetricKind.COUNT,
    MetricKind.LATEST_DEAL_VALUE,
    MetricKind.SUM,
    MetricKind.COUNT,
)
ROLES = ("primary", "primary", "secondary", "secondary", "secondary", "guardrail")


class Peer(NamedTuple):
    """Another library: its script, what uv installs for it, and how often we must be faster."""

    script: str
    python: str
    requirement: str
    factor: float
    interval: Callable[[Differences], np.ndarray]


class Measured(NamedTuple):
    """What a peer answered."""

    name: str
    seconds: float
    intervals: np.ndarray


def main() -> int:
    """Print the figures; 1 where a promise was not kept."""
    arguments = _arguments()
    layout = layout_of([_plan(number) for number in range(arguments.experiments)])
    daily = DailySums.of(_days(arguments.experiments), cells=len(layout.cells.steps))
    seconds = min(_seconds(layout, daily) for _ in range(REPEATS))
    comparisons = sum(pair.baseline.is_control for pair in layout.pairs)
    table = Table("what", "per comparison", "ours is faster by")
    table.add_row(f"{comparisons:,} comparisons here", f"{seconds / comparisons * 1e6:.1f} µs", "")
    kept = [seconds <= ALLOWED_SECONDS * arguments.experiments / EXPERIMENTS]
    if not arguments.alone:
        kept += [_beside(peer, layout, daily, seconds / comparisons, table) for peer in PEERS]
    console = Console()
    console.print(table)
    console.print(f"{seconds:.3f} s of processor time for all, allowed: {ALLOWED_SECONDS} s")
    return 0 if all(kept) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.inference")
    parser.add_argument("--experiments", type=int, default=EXPERIMENTS)
    parser.add_argument("--alone", action="store_true", help="leave the other libraries out")
    return parser.parse_args()


def _seconds(layout: Layout, daily: DailySums) -> float:
    started = time.process_time()
    _read(layout, daily.total())
    return time.process_time() - started


def _read(layout: Layout, sums: Sums) -> PairTable:
    return read_pairs(layout, sums, np.full(len(layout.plans), reasons.NONE, dtype=np.int8))


def _plan(number: int) -> ExperimentPlan:
    metrics = tuple(
        MetricPlan(
            key=f"metric-{place}",
            kind=kind,
            role=role,
            window=timedelta(days=14),
            scale=2 if kind in {MetricKind.SUM, MetricKind.LATEST_DEAL_VALUE} else 0,
            has_covariate=kind is not MetricKind.CONVERSION,
        )
        for place, (kind, role) in enumerate(zip(KINDS, ROLES, strict=True))
    )
    arms = tuple(ArmPlan(variant=key, is_control=key == "a") for key in "abc")
    return ExperimentPlan(key=f"e-{number}", arms=arms, metrics=metrics, planned_units=30_000)


def _days(experiments: int) -> Iterator[tuple[int, Moments]]:
    """Moments of every cell and day: seeded, and such as a sample can have."""
    generator = np.random.default_rng(20250301)
    cell = 0
    for _ in range(experiments):
        for kind in KINDS:
            for _ in range(3):
                columns = _columns(generator, kind)
                yield from ((cell, Moments(*day)) for day in zip(*columns, strict=True))
                cell += 1


def _columns(generator: np.random.Generator, kind: MetricKind) -> Iterator[list[int]]:
    n = generator.integers(50, 150, DAYS)
    if kind is MetricKind.CONVERSION:
        converted = generator.binomial(n, 0.1)
        return (column.tolist() for column in (n, converted, converted))
    y = (n * generator.normal(5_000, 300, DAYS)).astype(np.int64)
    yy = y * y // n + n * generator.integers(1_000_000, 2_000_000, DAYS)
    x = (n * generator.normal(4_000, 100, DAYS)).astype(np.int64)
    xx = x * x // n + n * generator.integers(1_000_000, 2_000_000, DAYS)
    xy = x * y // n + n * generator.integers(300_000, 700_000, DAYS)
    return (column.tolist() for column in (n, y, yy, x, xx, xy))


def _beside(peer: Peer, layout: Layout, daily: DailySums, seconds: float, table: Table) -> bool:
    rows = np.flatnonzero([pair.baseline.is_control for pair in layout.pairs])[:OF_PEERS]
    sums = daily.total()
    pairs = (layout.rows.baseline[rows], layout.rows.variant[rows])
    sides = [sums.take(cells) for cells in pairs]
    measured = _measure(peer, sides)
    if measured is None:
        table.add_row(peer.requirement, "not measured", f"needs uv and Python {peer.python}")
        return True
    arms = (_arms(side) for side in sides)
    np.testing.assert_allclose(
        measured.intervals, peer.interval(differences_of(*arms)), rtol=1e-9, atol=1e-12
    )
    factor = measured.seconds / seconds
    table.add_row(
        measured.name, f"{measured.seconds * 1e6:.1f} µs", f"{factor:.0f}, promised {peer.factor}"
    )
    return factor >= peer.factor


def _measure(peer: Peer, sides: Sequence[Sums]) -> Measured | None:
    control, treatment = (
        list(zip(side.n.tolist(), side.sum_y.tolist(), side.sum_yy.tolist(), strict=True))
        for side in sides
    )
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        return None
    command = [uv, "run", "--quiet", "--no-project", "--isolated", "--python", peer.python]
    script = Path(__file__).parent / "peers" / peer.script
    answer = subprocess.run(
        [*command, "--with", peer.requirement, "python", str(script)],
        input=json.dumps(list(zip(control, treatment, strict=True))),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        print(answer.stderr, file=sys.stderr)
        return None
    found = json.loads(answer.stdout)
    return Measured(found["name"], found["seconds"], np.array(found["intervals"]))


def _arms(sums: Sums) -> Arms:
    return arms_of_means(sums, steps=steps_of([0] * len(sums)))


def _sequential(differences: Differences) -> np.ndarray:
    """Their interval by our formula: the lift by delta, tuned by their approximation of ρ."""
    found = lifts(differences, method=Method.LIFT_DELTA, alpha=0.05).figures
    rho_squared = (-2 * np.log(0.05) + np.log(1 - 2 * np.log(0.05))) / 5000
    n = differences.n.astype(float)
    spread = half_width(found.standard_error**2, n, np.full(len(n), rho_squared), alpha=0.05)
    return np.column_stack([found.estimate - spread, found.estimate + spread])


def _logarithmic(differences: Differences) -> np.ndarray:
    found = lifts(differences, method=Method.LIFT_LOG, alpha=0.05).figures
    return np.column_stack([found.lower, found.upper])


PEERS = (
    Peer("gbstats_sequential.py", "3.11", "gbstats==0.8.0", 5, _sequential),
    Peer("tea_tasting_aggregates.py", "3.12", "tea-tasting==2.0.0", 100, _logarithmic),
)

if __name__ == "__main__":
    sys.exit(main())
