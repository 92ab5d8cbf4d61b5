"""No estimate where the status forbids it: the one place that says so, for every way out.

A second wall behind inference: JSON, CSV, streams and pictures are all made from what passes here.
Held readings keep a few named fields; whatever else they carry, known or not, is gone.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from schemas.wording import Language, Sentence
from transparency.trees import Node, objects_in, text_of

FORBIDDING = frozenset({"collecting", "invalid"})
SHOWING = frozenset(
    {
        "undecided", "better", "worse", "equivalent", "observational", "safe", "harmed", "unclear",
    }
)  # fmt: skip
"""Statuses with an estimate; one that is neither here nor there shows nothing."""

OF_A_HELD_PAIR = frozenset(
    {
        "baseline", "variant", "status", "reason", "n_baseline", "n_variant", "planned_units",
        "alpha", "sentence",
    }
)  # fmt: skip
OF_A_HELD_ARM = frozenset({"variant", "n", "still_open", "incomplete"})
OF_HELD_SUMS = frozenset({"n"})
DECIDING = ("always_valid", "one_look")

_NOT_ALLOWED = Sentence(
    en="There is no estimate: the status of this reading does not allow one.",
    de="Es gibt keine Schätzung: Der Status dieser Ablesung erlaubt keine.",
)


class Held(msgspec.Struct, frozen=True):
    """A document that keeps the rule, and the metrics of which a figure had to be taken out."""

    document: Any
    metrics: tuple[str, ...]


def may_show_estimate(pair: Node) -> bool:
    """Tell whether a pair may carry numbers: its status shows them, and they have an interval."""
    return text_of(pair, "status") in SHOWING and any(
        _has_limits(pair.get(name)) for name in DECIDING
    )


def hold_to_status(document: Any, language: Language = "en") -> Held:
    """Return the document without any figure that a status forbids, wherever it stands."""
    held = _held(document, language)
    return Held(_held_to_the_whole(held), tuple(sorted(set(_lost(document, held)))))


def _held(node: Any, language: Language) -> Any:
    if isinstance(node, list | tuple):
        return [_held(item, language) for item in node]
    if not isinstance(node, Mapping):
        return node
    if text_of(node, "status") in FORBIDDING:
        return _held_pair(node, language)
    if "pairs" in node:
        return _held_reading(node, language)
    return {name: _held(item, language) for name, item in node.items()}


def _held_reading(node: Node, language: Language) -> Node:
    """Hold what has pairs: a reading of one metric."""
    pairs = objects_in(node["pairs"])
    shown = _shown_variants(pairs)
    held = {name: _held(item, language) for name, item in node.items()}
    held["pairs"] = [dict(p) if may_show_estimate(p) else _held_pair(p, language) for p in pairs]
    if "arms" in node:
        arms = objects_in(node["arms"])
        held["arms"] = [a if text_of(a, "variant") in shown else _held_arm(a) for a in arms]
    return held


def _held_pair(pair: Node, language: Language) -> Node:
    kept = {name: item for name, item in pair.items() if name in OF_A_HELD_PAIR}
    carried = [n for n, item in pair.items() if n not in OF_A_HELD_PAIR and _is_figure(item)]
    # Where numbers came along that should not have, the sentence was made from them.
    if carried and "sentence" in kept:
        return {**kept, "sentence": _NOT_ALLOWED.in_language(language)}
    return kept


def _held_arm(arm: Node) -> Node:
    kept = {name: item for name, item in arm.items() if name in OF_A_HELD_ARM}
    sums = arm.get("moments")
    if isinstance(sums, Mapping):
        return {**kept, "moments": {name: sums[name] for name in OF_HELD_SUMS if name in sums}}
    return kept


def _held_to_the_whole(document: Any) -> Any:
    """Hold what speaks of a metric elsewhere: verdicts, and values in breakdowns."""
    if not isinstance(document, Mapping):
        return document
    shown = {
        (text_of(metric, "metric"), variant)
        for metric in objects_in(document.get("metrics"))
        for variant in _shown_variants(objects_in(metric.get("pairs")))
    }
    held = dict(document)
    if "decisions" in held:
        held["decisions"] = _unhurried(held["decisions"], {variant for _, variant in shown})
    if "breakdowns" in held:
        held["breakdowns"] = [_held_breakdown(b, shown) for b in objects_in(held["breakdowns"])]
    return held


def _unhurried(decisions: Any, shown: Collection[str]) -> list[Node]:
    """Leave out a verdict on a variant of which no figure is shown."""
    return [
        decision
        for decision in objects_in(decisions)
        if text_of(decision, "verdict") == "wait" or text_of(decision, "variant") in shown
    ]


def _held_breakdown(breakdown: Node, shown: Collection[tuple[str, str]]) -> Node:
    """Leave out values of metrics that show nothing over all groups together."""
    rows = [
        {**row, "cells": [_held_cell(cell, shown) for cell in objects_in(row.get("cells"))]}
        for row in objects_in(breakdown.get("rows"))
    ]
    totals = [_held_cell(total, shown) for total in objects_in(breakdown.get("totals"))]
    return {**breakdown, "rows": rows, "totals": totals}


def _held_cell(cell: Node, shown: Collection[tuple[str, str]]) -> Node:
    values = cell.get("values")
    if not isinstance(values, Mapping):
        return cell
    kept = {name: v for name, v in values.items() if (name, text_of(cell, "variant")) in shown}
    return {**cell, "values": kept}


def _shown_variants(pairs: Sequence[Node]) -> frozenset[str]:
    shown = [pair for pair in pairs if may_show_estimate(pair)]
    return frozenset(text_of(pair, end) for pair in shown for end in ("baseline", "variant"))


def _has_limits(comparison: Any) -> bool:
    return isinstance(comparison, Mapping) and all(
        comparison.get(name) is not None for name in ("estimate", "lower", "upper")
    )


def _lost(before: Any, after: Any, metric: str = "") -> Iterator[str]:
    """Name the metrics that lost a figure."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        within = text_of(before, "metric") or metric
        for name, item in before.items():
            if name in after:
                yield from _lost(item, after[name], within)
            elif _is_figure(item):
                yield within
    elif isinstance(before, list | tuple) and isinstance(after, list):
        for item, held in zip(objects_in(before), objects_in(after), strict=True):
            yield from _lost(item, held, metric)


def _is_figure(item: Any) -> bool:
    """Tell whether something says more than that there is nothing."""
    return item is not None and item is not False and item not in ("", [], (), {})
