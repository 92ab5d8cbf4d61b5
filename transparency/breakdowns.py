"""A breakdown as a document: the groups of one dimension by variant, as editions released them.

Groups that no variant shows are not named: that somebody is in them would be a figure too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from schemas.dimensions import Dimension
from transparency.dimensions import refuse_person_dimension
from transparency.editions import Shown


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """What editions have shown of one dimension: totals by variant, groups by variant and name.

    One that has ended stays as it was: what it counts has changed its meaning, or is too much.
    """

    measures: tuple[str, ...]
    totals: Mapping[str, Shown] = {}
    groups: Mapping[str, Mapping[str, Shown]] = {}
    has_ended: bool = False


def breakdown_document(
    dimension: Dimension, found: Breakdown, variants: Sequence[str]
) -> dict[str, Any]:
    """Return what readers at `segments` see of a breakdown, to be redacted like all results.

    Groups stand in the order in which they were registered, never by size: there is no ranking.
    """
    refuse_person_dimension(dimension.field)
    figures = {variant: found.groups.get(variant, {}) for variant in variants}
    named = {group for groups in figures.values() for group in groups}
    return {
        "dimension": dimension.field,
        "name": dimension.name or dimension.field,
        "measures": list(found.measures),
        "has_ended": found.has_ended,
        "rows": [
            {
                "value": group,
                "cells": [_cell(variant, groups.get(group)) for variant, groups in figures.items()],
                "readings": [],
            }
            for group in dimension.groups
            if group in named
        ],
        "totals": [_cell(variant, found.totals.get(variant)) for variant in variants],
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
