"""A breakdown as a document: the groups of one dimension by variant, as editions released them.

Groups that no variant shows are not named: that somebody is in them would be a figure too.
"""

from collections.abc import Mapping
from typing import Any

from transparency.dimensions import refuse_person_dimension
from transparency.editions import History, Shown, shown, shown_total


def breakdown_document(
    dimension: str, name: str, by_variant: Mapping[str, History]
) -> dict[str, Any]:
    """Return what readers at `segments` see of a breakdown, to be redacted like all results."""
    refuse_person_dimension(dimension)
    figures = {variant: shown(history) for variant, history in by_variant.items()}
    groups = sorted({group for found in figures.values() for group in found})
    return {
        "dimension": dimension,
        "name": name,
        "rows": [
            {
                "value": group,
                "cells": [_cell(variant, found.get(group)) for variant, found in figures.items()],
                "readings": [],
            }
            for group in groups
        ],
        "totals": [_total(variant, history) for variant, history in by_variant.items()],
    }


def _cell(variant: str, figure: Shown | None) -> dict[str, Any]:
    if figure is None:
        return {"variant": variant, "hidden": True}
    return {
        "variant": variant,
        "accounts": figure.cell.accounts,
        "values": dict(figure.cell.values),
        "edition": figure.edition,
    }


def _total(variant: str, history: History) -> dict[str, Any]:
    total = shown_total(history)
    return _cell(variant, None if total is None else Shown(total, len(history.editions)))
