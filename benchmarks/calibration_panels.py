"""Panels of a picture: one per outcome, its experiments side by side, and what was promised."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.calibrated_methods import ALPHA
from benchmarks.calibration_table import Line, at_most

BLUE, ORANGE, GREEN, RED, GREY = "#1f5fa8", "#e08214", "#2e8b57", "#c0392b", "#8a8a8a"
SHADE = "#e4ecf5"


class Series(NamedTuple):
    """What is drawn of a table: which lines, which of their figures, and how."""

    label: str
    colour: str
    marker: str
    belongs: Callable[[Line], bool]
    figure: Callable[[Line], float]
    is_filled: bool = True


def panels(
    lines: Sequence[Line], shown: Sequence[Series], label: str, *, promised: bool = True
) -> tuple[Figure, Sequence[Axes]]:
    """A panel per outcome, the sizes of its experiments side by side."""
    names = list(dict.fromkeys(line.outcome for line in lines))
    figure = Figure(figsize=(10, 8), layout="constrained")
    axes = figure.subplots(3, 3, sharey=True).ravel()
    for axis, name in zip(axes, names, strict=True):
        own = [line for line in lines if line.outcome == name]
        sizes = list(dict.fromkeys((line.units_of_smaller_arm, line.treated) for line in own))
        sizes.sort(key=lambda size: (-size[1], size[0]))
        axis.set_title(name)
        if promised:
            promise(axis)
        for place, series in enumerate(shown):
            _draw_series(axis, own, sizes, series, (place - (len(shown) - 1) / 2) * 0.11)
        axis.set_xticks(range(len(sizes)), [_size(*size) for size in sizes])
        axis.set_xlim(-0.5, len(sizes) - 0.5)
        axis.tick_params(axis="x", length=0)
    figure.supxlabel("units of the smaller arm (below: its share, where the arms are not equal)")
    figure.supylabel(label)
    legend(figure, axes)
    return figure, axes


def _draw_series(
    axis: Axes,
    lines: Iterable[Line],
    sizes: list[tuple[int, float]],
    series: Series,
    shift: float,
) -> None:
    points = [
        (sizes.index((line.units_of_smaller_arm, line.treated)) + shift, series.figure(line))
        for line in lines
        if series.belongs(line) and line.readable > 0
    ]
    points = [(x, y) for x, y in points if not np.isnan(y)]
    if points:
        face = series.colour if series.is_filled else "white"
        axis.plot(
            *zip(*points, strict=True),
            color=series.colour,
            marker=series.marker,
            markerfacecolor=face,
            markersize=8 if series.marker in "_*" else 5,
            linestyle="none",
            label=series.label,
        )


def promise(axis: Axes) -> None:
    axis.axhline(ALPHA, color=GREY, linewidth=1, linestyle="--", label="promised: 5 % at most")
    axis.axhspan(
        0, at_most(ALPHA, 2_000), color=SHADE, zorder=0, label="and three simulation errors"
    )


def legend(figure: Figure, axes: Iterable[Axes]) -> None:
    """Below the title line: every label once."""
    found: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    figure.legend(
        list(found.values()), list(found), loc="outside upper center", ncols=min(3, len(found))
    )


def _size(units: int, treated: float) -> str:
    return f"{units:,}" if treated == 0.5 else f"{units:,}\n{100 * treated:g}%"
