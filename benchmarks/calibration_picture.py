"""Draws false alarms against the number of looks: an SVG, the same for the same figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib.ticker import PercentFormatter, ScalarFormatter


class LooksLine(Protocol):
    """One method: how often it raised a false alarm, by the number of looks."""

    method: str
    looks: tuple[int, ...]
    false_alarms: tuple[float, ...]


def draw_looks(lines: Sequence[LooksLine], path: Path, *, alpha: float) -> None:
    """One line per method, and the promised level."""
    with mpl.rc_context({"svg.hashsalt": "roundtable", "svg.fonttype": "none"}):
        figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
        for line in lines:
            axes.plot(line.looks, line.false_alarms, marker="o", label=line.method)
        axes.axhline(alpha, color="grey", linestyle="--", label="promised")
        axes.set(
            xscale="log",
            xlabel="looks at an experiment without effect",
            ylabel="experiments that ever show a difference",
            ylim=(0, None),
        )
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.legend()
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
