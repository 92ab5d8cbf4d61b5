"""Lays results out for a terminal: the sentence first, then every variant with its interval."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

Document = Mapping[str, Any]

STYLES = {"better": "green", "worse": "red", "invalid": "red", "collecting": "dim"}


def reading_of(results: Document) -> RenderableType:
    """Return the whole reading of one experiment."""
    experiment, intake = results["experiment"], results["intake"]
    title = Text(experiment["name"], style="bold")
    title.append(f"  {experiment['key']}, {experiment['status']}", style="dim")
    counts = Text(
        f"{intake['exposed_units']:,} units, {intake['mixed_units']:,} mixed, "
        f"{intake['repeat_exposures']:,} repeat exposures",
        style="dim",
    )
    parts: list[RenderableType] = [title, counts]
    if not results["backfill"]["complete"]:
        parts.append(Text("The stored history is still being counted.", style="yellow"))
    parts += [Text(caution, style="yellow") for caution in results["cautions"]]
    parts += [part for metric in results["metrics"] for part in _metric(metric)]
    return Group(*parts)


def sentences_of(results: Document) -> RenderableType:
    """Return the sentences alone, one line per metric and pair."""
    lines = [Text(results["experiment"]["name"], style="bold")]
    lines += [_sentence(pair) for metric in results["metrics"] for pair in metric["pairs"]]
    return Group(*lines)


def _metric(metric: Document) -> list[RenderableType]:
    heading = Text(f"\n{metric['name']}", style="bold")
    heading.append(f"  {metric['role']}", style="dim")
    return [heading, *(_sentence(pair) for pair in metric["pairs"]), _arms(metric)]


def _sentence(pair: Document) -> Text:
    text = Text(f"{pair['status']:<12}", style=STYLES.get(pair["status"], ""))
    text.append(pair["sentence"], style="none")
    return text


def _arms(metric: Document) -> Table:
    table = Table("variant", "mature units", "still open", "mean", "95 % interval", box=None)
    for arm in metric["arms"]:
        table.add_row(
            arm["variant"],
            f"{arm['n']:,}",
            f"{arm['still_open']:,}",
            "" if arm["mean"] is None else f"{arm['mean']:.4g}",
            "" if arm["lower"] is None else f"{arm['lower']:.4g} to {arm['upper']:.4g}",
        )
    return table
