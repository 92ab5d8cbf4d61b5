"""No cell of fewer than k accounts in a document: the second wall behind suppression.

It hides small cells that came along by mistake. It cannot know what else must go so that they do
not follow: that is decided where tables are released, see `transparency.editions`.
"""

from collections.abc import Set

import msgspec

from transparency.trees import Node, objects_in, text_of

FEWEST_ACCOUNTS = 5
"""Groups of fewer accounts are not shown."""


class LargeEnough(msgspec.Struct, frozen=True):
    """A document without small cells, and the dimensions of breakdowns with hidden ones."""

    document: Node
    breakdowns: tuple[str, ...]


def is_small(accounts: int, k: int = FEWEST_ACCOUNTS) -> bool:
    """Tell whether a group is too small to be shown; one without accounts has nobody to protect."""
    return 0 < accounts < k


def hold_small_cells(document: Node, k: int = FEWEST_ACCOUNTS) -> LargeEnough:
    """Return the document with every small cell of a breakdown hidden."""
    if "breakdowns" not in document:
        return LargeEnough(document, ())
    held = [_held(breakdown, k) for breakdown in objects_in(document["breakdowns"])]
    names = tuple(text_of(breakdown, "dimension") for breakdown in held if _has_hidden(breakdown))
    return LargeEnough({**document, "breakdowns": held}, names)


def _held(breakdown: Node, k: int) -> Node:
    rows = [_held_row(row, k) for row in objects_in(breakdown.get("rows"))]
    totals = [_held_cell(cell, k) for cell in objects_in(breakdown.get("totals"))]
    return {**breakdown, "rows": rows, "totals": totals}


def _held_row(row: Node, k: int) -> Node:
    cells = [_held_cell(cell, k) for cell in objects_in(row.get("cells"))]
    shown = {text_of(cell, "variant") for cell in cells if not cell.get("hidden")}
    readings = [_held_reading(reading, shown) for reading in objects_in(row.get("readings"))]
    return {**row, "cells": cells, "readings": readings}


def _held_reading(reading: Node, shown: Set[str]) -> Node:
    """Leave out comparisons with a group that is hidden."""
    pairs = [
        pair
        for pair in objects_in(reading.get("pairs"))
        if {text_of(pair, "baseline"), text_of(pair, "variant")} <= shown
    ]
    return {**reading, "pairs": pairs}


def _held_cell(cell: Node, k: int) -> Node:
    accounts = cell.get("accounts")
    is_shown = isinstance(accounts, int) and not is_small(accounts, k) and not cell.get("hidden")
    return cell if is_shown else {"variant": text_of(cell, "variant"), "hidden": True}


def _has_hidden(breakdown: Node) -> bool:
    cells = [cell for row in breakdown["rows"] for cell in row["cells"]]
    return any(cell.get("hidden") for cell in (*cells, *breakdown["totals"]))
