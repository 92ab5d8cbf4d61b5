"""Draws the calibration with matplotlib: the same figures give the same SVG, byte for byte."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks.calibrated_methods import GROUP_SEQUENTIAL, SEQUENCE
from benchmarks.calibration_panels import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SHADE,
    Series,
    legend,
    panels,
    promise,
)
from benchmarks.calibration_table import POWER_TOLERANCE, Line, LooksLine

LOWEST = 0.002
"""Drawn for everything below: a logarithmic axis has no zero."""
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "roundtable",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 8,
    "legend.fontsize": 8,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "legend.frameon": False,
}
_PERCENT = FuncFormatter(lambda share, _: f"{100 * share:.0f} %")
ONE_LOOK = ("Welch", "delta method")


def draw_all(lines: Sequence[Line], looks: Sequence[LooksLine], folder: Path) -> None:
    """Every picture of the calibration, as SVG."""
    for name, figure in figures(lines, looks):
        metadata = {"Date": None, "Creator": "Roundtable", "Title": name.replace("_", " ")}
        with mpl.rc_context(_SETTINGS):
            figure.savefig(folder / f"{name}.svg", metadata=metadata)


def figures(lines: Sequence[Line], looks: Sequence[LooksLine]) -> Iterator[tuple[str, Figure]]:
    """Names and figures: looks, false alarms, coverage, power, plans."""
    sized = [line for line in lines if line.planned == "effect"]
    with mpl.rc_context(_SETTINGS):
        yield "looks", _looks(looks)
        yield "false_alarms", _false_alarms(sized)
        yield "coverage", _coverage(sized)
        yield "power", _power(sized)
        yield "plans", _plans([line for line in lines if line.planned == "units"])


def _looks(lines: Sequence[LooksLine]) -> Figure:
    figure = Figure(figsize=(9, 5.2), layout="constrained")
    names = list(dict.fromkeys(line.outcome for line in lines))
    axes = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    for axis, name in zip(axes, names, strict=True):
        axis.set_title(name)
        promise(axis)
        own = [line for line in lines if line.outcome == name]
        for method in dict.fromkeys(line.method for line in own):
            points = [(line.looks, line.false_alarms) for line in own if line.method == method]
            colour, marker, label = _of_looks(method)
            axis.plot(*zip(*points, strict=True), color=colour, marker=marker, ms=4, label=label)
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(FixedLocator([1, 5, 20, 100, 400]))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_major_formatter(FuncFormatter(lambda looks, _: f"{looks:g}"))
        axis.yaxis.set_major_formatter(_PERCENT)
    axes[0].set_ylim(bottom=0)
    figure.supxlabel("looks at an experiment of 400 units without effect")
    figure.supylabel("experiments that ever show one")
    legend(figure, axes[:1])
    return figure


def _of_looks(method: str) -> tuple[str, str, str]:
    if method == SEQUENCE:
        return BLUE, "o", "confidence sequence (decides)"
    if method == GROUP_SEQUENTIAL:
        return GREEN, "D", "five registered looks"
    return RED, "x", "interval for one look, looked at again"


def _false_alarms(lines: Sequence[Line]) -> Figure:
    shown = [
        Series("decides", BLUE, "o", lambda line: line.decides, _false_alarm),
        Series("beside: watched", BLUE, "o", _is_watched_beside, _false_alarm, is_filled=False),
        Series("beside: interval for one look", ORANGE, "s", _is_one_look, _false_alarm),
        Series("beside: five registered looks", GREEN, "D", _is_registered, _false_alarm),
        Series(
            "not shown: interval for one look, watched",
            RED,
            "x",
            lambda line: line.method in {f"{one}, watched" for one in ONE_LOOK},
            _false_alarm,
        ),
        Series(
            "not shown: interval for one look, few units",
            GREY,
            "s",
            lambda line: line.method in ONE_LOOK and not line.is_shown,
            _false_alarm,
            is_filled=False,
        ),
    ]
    figure, axes = panels(lines, shown, "experiments without effect that ever show one")
    for axis in axes:
        axis.set(yscale="log", ylim=(LOWEST * 0.8, 1))
        axis.yaxis.set_major_locator(FixedLocator([LOWEST, 0.01, 0.05, 0.2, 1]))
        axis.yaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(FuncFormatter(_small_percent))
    return figure


def _coverage(lines: Sequence[Line]) -> Figure:
    shown = [
        Series("decides", BLUE, "o", lambda line: line.decides, _missed),
        Series("beside: watched", BLUE, "o", _is_watched_beside, _missed, is_filled=False),
        Series("beside: interval for one look", ORANGE, "s", _is_one_look, _missed),
        Series("beside: five registered looks", GREEN, "D", _is_registered, _missed),
        Series("beside: lift, watched", BLUE, "^", _is_lift(SEQUENCE), _missed, is_filled=False),
        Series(
            "beside: lift, one look", ORANGE, "v", _is_lift("Fieller"), _missed, is_filled=False
        ),
    ]
    figure, axes = panels(lines, shown, "experiments whose interval ever misses the true effect")
    for axis in axes:
        axis.set(ylim=(-0.004, 0.16))
        axis.yaxis.set_major_locator(FixedLocator([0, 0.05, 0.10, 0.15]))
        axis.yaxis.set_major_formatter(_PERCENT)
    return figure


def _power(lines: Sequence[Line]) -> Figure:
    shown = [
        Series("decides: ever shown", BLUE, "o", lambda line: line.decides, _ever_found),
        Series("decides: planned, at the last look", BLUE, "_", _decides_by_plan, _planned_power),
        Series("decides: at the last look", BLUE, "o", _decides_by_plan, _found, is_filled=False),
        Series("beside: interval for one look", ORANGE, "s", _is_one_look, _found),
        Series("beside: one look, exact", ORANGE, "*", _is_exact, _found),
    ]
    figure, axes = panels(
        lines,
        shown,
        "experiments that show the effect one look is planned to find in 80 %",
        promised=False,
    )
    for axis in axes:
        axis.axhline(0.8, color=GREY, linewidth=1, linestyle="--")
        axis.set(ylim=(0, 1))
        axis.yaxis.set_major_formatter(_PERCENT)
    return figure


def _plans(lines: Sequence[Line]) -> Figure:
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True, sharex=True)
    ways = (
        ("one look", lambda line: line.looks == 1 and line.method != "Newcombe"),
        ("five registered looks", lambda line: line.method == GROUP_SEQUENTIAL),
        ("watched at every unit", lambda line: line.method == SEQUENCE),
    )
    names = list(dict.fromkeys(map(_kind, lines)))[::-1]
    for axis, (title, belongs) in zip(axes, ways, strict=True):
        axis.set_title(title)
        axis.axvspan(0.8 - POWER_TOLERANCE, 0.8 + POWER_TOLERANCE, color=SHADE, zorder=0)
        axis.axvline(0.8, color=GREY, linewidth=1, linestyle="--")
        for line in filter(belongs, lines):
            place = names.index(_kind(line))
            axis.plot([line.power_as_planned, line.power], [place] * 2, color=BLUE, linewidth=1)
            label = "" if place else "as the plan counts it"
            axis.plot(line.power_as_planned, place, "o", color=BLUE, label=label)
            if line.power - line.power_as_planned > 0.005:
                ever = "" if place else "ever shown, on the way or at the end"
                axis.plot(line.power, place, "o", mfc="white", color=BLUE, label=ever)
            axis.annotate(
                f"{line.units_of_smaller_arm:,}", (0.995, place), fontsize=7, color=GREY,
                ha="right", va="center",
            )  # fmt: skip
        axis.set(xlim=(0.6, 1.0), ylim=(-0.6, len(names) - 0.4))
        axis.xaxis.set_major_formatter(_PERCENT)
    axes[0].set_yticks(range(len(names)), names)
    figure.supxlabel("measured power, planned for 80 % (grey: units of the smaller arm)")
    legend(figure, axes[2:])
    return figure


def _kind(line: Line) -> str:
    share = "" if line.treated > 0.4 else f", {100 * line.treated:.0f} % treated"
    return line.outcome + share


def _small_percent(share: float, _: int) -> str:
    return "≤ 0.2 %" if share <= LOWEST else f"{100 * share:g} %"


def _is_one_look(line: Line) -> bool:
    return line.method in ONE_LOOK and line.is_shown


def _is_watched_beside(line: Line) -> bool:
    return line.method == SEQUENCE and line.is_shown and not line.decides


def _is_registered(line: Line) -> bool:
    return line.method == GROUP_SEQUENTIAL and line.is_shown


def _is_exact(line: Line) -> bool:
    return line.method == "Boschloo"


def _is_lift(method: str) -> Callable[[Line], bool]:
    return lambda line: line.is_shown and line.method == f"lift, {method}"


def _decides_by_plan(line: Line) -> bool:
    return line.decides and line.method == SEQUENCE


def _false_alarm(line: Line) -> float:
    return max(LOWEST, line.false_alarms)


def _missed(line: Line) -> float:
    return min(0.155, 1 - line.coverage)


def _found(line: Line) -> float:
    return line.power_at_end


def _ever_found(line: Line) -> float:
    return line.power


def _planned_power(line: Line) -> float:
    return line.planned_power
