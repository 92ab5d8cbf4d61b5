"""Holds the methods against simulated experiments: false alarms, coverage, power.

    python -m benchmarks.calibration

Seeded; takes some minutes on one core. Writes table.csv, table.md and looks.svg to
docs/calibration. Without an effect the share of experiments that ever show one is to stay at 5 %.
"""

import argparse
import csv
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.calibrated_methods import (
    ALPHA,
    Setting,
    View,
    Watched,
    draw,
    evenly,
    sequence,
    views,
    watch,
    watch_few_accounts,
)
from benchmarks.drawn_outcomes import (
    accounts,
    bernoulli,
    deal_values,
    normal,
    poisson,
    with_covariate,
)
from inference.sample_ratio import ALARM, log_e_process

SEED = 20_250_301
RUNS = 2_000
POWER = 0.8
FOLDER = Path(__file__).resolve().parents[1] / "docs" / "calibration"
LOOKS = (1, 2, 5, 10, 20, 50, 100, 200, 400)


class Line(NamedTuple):
    """One line of the table; all but the first five and `runs` are shares of runs."""

    outcome: str
    units_of_smaller_arm: int
    treated: float
    method: str
    looks: int
    runs: int
    readable: float
    false_alarms: float
    coverage: float
    power: float


class LooksLine(NamedTuple):
    """Share of experiments without effect that ever show one, by the number of looks."""

    method: str
    looks: tuple[int, ...]
    false_alarms: tuple[float, ...]


def main() -> int:
    """Simulate everything and write table and picture."""
    arguments = _arguments()
    started, lines = time.monotonic(), []
    for number, setting in enumerate(settings()):
        lines += calibrate(setting, runs=arguments.runs, seed=SEED + number)
        seconds = time.monotonic() - started
        print(f"{seconds:5.0f} s  {setting.distribution.name}, {setting.units} units", flush=True)
    lines += calibrate_sample_ratio(runs=arguments.runs)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    _write_csv(lines, arguments.folder / "table.csv")
    _write_markdown(lines, arguments.folder / "table.md")
    # Matplotlib is for this picture alone, so nothing else waits for its import.
    from benchmarks.calibration_picture import draw_looks  # noqa: PLC0415

    draw_looks(against_looks(runs=arguments.runs), arguments.folder / "looks.svg", alpha=ALPHA)
    return 0


def settings() -> Iterator[Setting]:
    """Everything that the table covers."""
    for distribution in (normal(), with_covariate(0.7), poisson(0.5), deal_values()):
        for per_arm in (6, 12, 20, 50, 150):
            yield Setting(distribution, 2 * per_arm)
        for share in (0.1, 0.05):
            yield Setting(distribution, 600, share)
    for units, share in ((1200, 0.5), (4000, 0.5), (4000, 0.1), (4000, 0.05)):
        yield Setting(bernoulli(0.02), units, share)
    for correlation in (0.05, 0.20, 0.30):
        for per_arm in (6, 12, 20, 50, 150):
            yield Setting(accounts(correlation), 2 * per_arm)
        for share in (0.1, 0.05):
            yield Setting(accounts(correlation), 1000, share)


def calibrate(setting: Setting, *, runs: int = RUNS, seed: int = SEED) -> list[Line]:
    """Every method that fits the setting, on the same runs without and with an effect."""
    generator = np.random.default_rng(seed)
    effect = planned_effect(setting)
    without, with_effect = (draw(generator, setting, runs, size) for size in (0.0, effect))
    lines = [
        _line(
            setting, view.method, watch(view, setting, without), watch(view, setting, with_effect)
        )
        for view in views(setting)
    ]
    if setting.distribution.is_ratio and setting.units <= 100:
        null, true = watch_few_accounts(without), watch_few_accounts(with_effect)
        lines += [_line(setting, name, null[name], true[name]) for name in null]
    return lines


def planned_effect(setting: Setting) -> float:
    """What a single look at all units finds in 80 % of experiments, by the normal formula."""
    control, treated = setting.units * (1 - setting.share), setting.units * setting.share
    return 2.8016 * setting.distribution.deviation * float(np.sqrt(1 / control + 1 / treated))


def against_looks(*, runs: int = RUNS, units: int = 400) -> list[LooksLine]:
    """False alarms of the interval that may be watched, and of those that may not."""
    setting = Setting(normal(), units)
    simulated = draw(np.random.default_rng(SEED), setting, runs, 0.0)
    readers = {view.method: view.read for view in views(setting)}
    readers["confidence sequence"] = sequence
    lines = []
    for method in ("Welch", "group sequential", "confidence sequence"):
        allowed = tuple(looks for looks in LOOKS if method != "group sequential" or looks <= 20)
        found = [
            watch(View(method, "", evenly(looks), readers[method]), setting, simulated)
            for looks in allowed
        ]
        rates = tuple(watched.ever_excludes() for watched in found)
        lines.append(LooksLine(method, allowed, rates))
    return lines


def calibrate_sample_ratio(*, runs: int = RUNS, units: int = 5_000) -> list[Line]:
    """The alarm of the split, watched at every fiftieth unit: a true split, and 52 to 48."""
    generator = np.random.default_rng(SEED)
    looks = np.arange(50, units + 1, 50)
    alarms = []
    for share in (0.5, 0.52):
        first = (generator.random((runs, units)) < share).cumsum(axis=1)[:, looks - 1]
        counts = np.stack([first, looks - first], axis=-1).astype(float)
        log_e = log_e_process(counts, np.array([0.5, 0.5]))
        alarms.append(float((log_e >= -np.log(ALARM)).any(axis=1).mean()))
    name = "split 50:50, power at 52:48"
    nothing = float("nan")
    return [
        Line(
            name,
            units // 2,
            0.5,
            "sample ratio",
            len(looks),
            runs,
            1.0,
            alarms[0],
            nothing,
            alarms[1],
        )
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.calibration")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    return parser.parse_args()


def _line(setting: Setting, method: str, null: Watched, true: Watched) -> Line:
    return Line(
        outcome=setting.distribution.name,
        units_of_smaller_arm=setting.fewest_per_arm,
        treated=setting.share,
        method=method,
        looks=null.exists.shape[1],
        runs=len(null.exists),
        readable=float(null.exists.any(axis=1).mean()),
        false_alarms=null.ever_excludes(),
        coverage=true.always_holds(),
        power=true.ever_excludes(),
    )


def _write_csv(lines: Sequence[Line], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Line._fields)
        writer.writerows(lines)


def _write_markdown(lines: Sequence[Line], path: Path) -> None:
    names = [name.replace("_", " ") for name in Line._fields]
    rows = [names, ["---"] * len(names), *(_cells(line) for line in lines)]
    text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    path.write_text(f"{_INTRODUCTION}\n{text}\n", encoding="utf-8")


def _cells(line: Line) -> list[str]:
    return [_percent(value) if isinstance(value, float) else str(value) for value in line]


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.1f} %"


_INTRODUCTION = """# Calibration

Simulated experiments, written by `python -m benchmarks.calibration`. *False alarms* is the share of
experiments without effect whose interval ever excluded zero (level 95 %); *coverage* the share of
experiments with an effect whose interval held it at every look; *power* the share that ever
excluded zero, the effect being the one that a single look at all units finds in 80 %, planned by
the normal formula with the deviation without effect (rare conversions need more). *Readable* is the
share that ever had a result: below the floors a reading is `collecting`. Welch's interval stands
here at every unit, too, to show why it must not be watched. The split is watched at 0.1 %.

![False alarms against looks](looks.svg)
"""

if __name__ == "__main__":
    sys.exit(main())
