"""Holds the methods against simulated experiments: false alarms, coverage, power.

    python -m benchmarks.calibration [--runs 2000] [--folder docs/calibration] [--redraw]

Seeded; takes about a quarter of an hour on one core. Writes tables and pictures; `--redraw` writes
text and pictures anew from the tables that are there.
"""

import argparse
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.calibrated_methods import (
    ALPHA,
    GROUP_SEQUENTIAL,
    SEQUENCE,
    View,
    evenly,
    views,
    watch,
)
from benchmarks.calibrated_plans import planned_effect, planned_power
from benchmarks.calibrated_settings import Planned, looked_at, plans, settings
from benchmarks.calibrated_splits import UNITS, watch_splits
from benchmarks.calibrated_units import UnitView, unit_views, watch_units
from benchmarks.calibration_table import (
    Line,
    LooksLine,
    read_looks,
    read_table,
    write_csv,
    write_markdown,
)
from benchmarks.drawn_outcomes import Distribution
from benchmarks.simulated_experiments import Seen, Setting, Simulated, draw, draw_in_parts
from inference.looks import SingleLook
from inference.sample_ratio import ALARM

SEED = 20_250_301
RUNS = 2_000
FOLDER = Path(__file__).resolve().parents[1] / "docs" / "calibration"
LOOKS = (1, 2, 5, 10, 20, 50, 100, 200, 400)
_NOTHING = float("nan")


def main() -> int:
    """Simulate everything and write tables and pictures."""
    arguments = _arguments()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if not arguments.redraw:
        _simulate(arguments.runs, arguments.folder)
    # Matplotlib is for these pictures alone, so nothing else waits for its import.
    from benchmarks.calibration_pictures import draw_all  # noqa: PLC0415

    lines = read_table(arguments.folder / "table.csv")
    write_markdown(lines, arguments.folder / "table.md")
    draw_all(lines, read_looks(arguments.folder / "looks.csv"), arguments.folder)
    return 0


def calibrate(setting: Setting, *, runs: int = RUNS) -> list[Line]:
    """Every method that fits the setting, on runs without and with an effect."""
    return calibrate_sums(setting, runs=runs) + calibrate_units(setting, runs=runs)


def calibrate_sums(setting: Setting, *, runs: int = RUNS) -> list[Line]:
    """The methods on sums, all on the same runs."""
    return _calibrated(setting, list(views(setting)), planned_effect(setting), runs, "effect")


def calibrate_units(setting: Setting, *, runs: int = RUNS) -> list[Line]:
    """The tests on single units, where few are planned."""
    effect, lines = planned_effect(setting), []
    generator = _generator_of(setting, "units")
    for view in unit_views(setting, generator):
        number = min(runs, view.most_runs)
        null, true = (
            watch_units(view, draw(generator, setting, number, size)) for size in (0.0, effect)
        )
        planned = _NOTHING if view.looks > 1 else planned_power(setting, effect, SingleLook())
        lines.append(_line(setting, view, null, true, planned))
    return lines


def calibrate_plan(planned: Planned, *, runs: int = RUNS) -> list[Line]:
    """The method that the experiment was planned for."""
    setting = planned.setting
    chosen = [view for view in views(setting) if view.planned == planned.looks]
    return _calibrated(setting, chosen, planned.effect, runs, "units")


def calibrate_splits(*, runs: int = 5 * RUNS, units: int = UNITS) -> list[Line]:
    """The alarm of the split, watched at every unit: a true split, and two wrong ones."""
    return [
        Line(
            outcome=f"split 50:50, power at {round(100 * rates.split)} %",
            planned="",
            units_of_smaller_arm=units // 2,
            treated=0.5,
            method=rates.method,
            purpose=rates.purpose,
            looks=rates.looks,
            runs=runs,
            alpha=ALARM,
            readable=1.0,
            false_alarms=rates.false_alarms,
            coverage=_NOTHING,
            planned_power=_NOTHING,
            power_at_end=_NOTHING,
            power=rates.detected,
        )
        for rates in watch_splits(SEED, runs, units=units)
    ]


def against_looks(
    distribution: Distribution, *, runs: int = RUNS, units: int = 400
) -> list[LooksLine]:
    """False alarms by number of looks: of what may be watched, and of what may not."""
    setting = Setting(distribution, units)
    simulated = draw(_generator_of(setting, "looks"), setting, runs, 0.0)
    fixed = "delta method, watched" if distribution.clusters else "Welch, watched"
    wanted = (fixed, GROUP_SEQUENTIAL, SEQUENCE)
    return [
        LooksLine(distribution.name, view.method, number, _ever(view, setting, simulated, number))
        for view in views(setting)
        if view.method in wanted
        for number in (LOOKS if view.method != GROUP_SEQUENTIAL else (5,))
    ]


def _ever(view: View, setting: Setting, simulated: Simulated, looks: int) -> float:
    seen = watch(view._replace(at=evenly(looks)), setting, simulated)
    return float(seen.excludes_zero.any(axis=1).mean())


def _simulate(runs: int, folder: Path) -> None:
    started = time.monotonic()
    lines: list[Line] = []
    for name, part in _parts(runs):
        lines += part()
        print(f"{time.monotonic() - started:5.0f} s  {name}", flush=True)
    write_csv(Line, lines, folder / "table.csv")
    looks = [line for known in looked_at() for line in against_looks(known, runs=runs)]
    write_csv(LooksLine, looks, folder / "looks.csv")
    print(f"{time.monotonic() - started:5.0f} s, {time.process_time():.0f} s of processor time")


def _parts(runs: int) -> Iterator[tuple[str, Callable[[], list[Line]]]]:
    for setting in settings():
        yield _name(setting), partial(calibrate, setting, runs=runs)
    for planned in plans():
        name = f"{_name(planned.setting)}, planned for {type(planned.looks).__name__}"
        yield name, partial(calibrate_plan, planned, runs=runs)
    yield "splits", partial(calibrate_splits, runs=5 * runs)


def _calibrated(
    setting: Setting, chosen: Sequence[View], effect: float, runs: int, planned: str
) -> list[Line]:
    generator = _generator_of(setting, planned)
    null, true = (_seen(generator, setting, chosen, runs, size) for size in (0.0, effect))
    return [
        _line(setting, view, without, with_effect, _plan_of(view, setting, effect), planned)
        for view, without, with_effect in zip(chosen, null, true, strict=True)
    ]


def _plan_of(view: View, setting: Setting, effect: float) -> float:
    return planned_power(setting, effect, view.planned) if view.planned else _NOTHING


def _seen(
    generator: np.random.Generator,
    setting: Setting,
    chosen: Sequence[View],
    runs: int,
    effect: float,
) -> list[Seen]:
    parts = [
        [watch(view, setting, simulated).summary() for view in chosen]
        for simulated in draw_in_parts(generator, setting, runs, effect)
    ]
    by_view = zip(*parts, strict=True)
    return [Seen(*map(np.concatenate, zip(*part, strict=True))) for part in by_view]


def _line(
    setting: Setting,
    view: View | UnitView,
    null: Seen,
    true: Seen,
    planned_power: float,
    planned: str = "effect",
) -> Line:
    looks = view.looks if isinstance(view, UnitView) else len(view.at(setting.units))
    return Line(
        outcome=setting.distribution.name,
        planned=planned,
        units_of_smaller_arm=setting.fewest_per_arm,
        treated=round(setting.share, 4),
        method=view.method,
        purpose=view.purpose,
        looks=looks,
        runs=len(null.readable),
        alpha=ALPHA,
        readable=float(null.readable.mean()),
        false_alarms=float(null.ever_excludes.mean()),
        coverage=float(true.always_holds.mean()),
        planned_power=planned_power,
        power_at_end=float(true.excludes_at_end.mean()),
        power=float(true.ever_excludes.mean()),
    )


def _generator_of(setting: Setting, purpose: str) -> np.random.Generator:
    """Its own for each experiment: a new one among them leaves the others as they were."""
    name = f"{_name(setting)} {purpose}"
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def _name(setting: Setting) -> str:
    return f"{setting.distribution.name}, {setting.units} units, {setting.treated} treated"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.calibration")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--redraw", action="store_true", help="simulate nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
