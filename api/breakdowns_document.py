"""One breakdown as JSON, made from what a reader may see and from nothing else. Pure.

Shares of small groups are drawn towards each other, each variant for itself. They are computed from
the figures that stand beside them, so they tell nothing more.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from inference.empirical_bayes import Group, ShrunkenShare, shrink
from schemas.wording import Language, Sentence

LEVEL = 0.95

Node = Mapping[str, Any]


class BreakdownOfResults(msgspec.Struct, frozen=True, kw_only=True):
    """The groups of one dimension by variant, as of the last step; some of them hidden.

    Where the reading has no estimate, cells have `accounts` and no `shares`. The last three are for
    whoever sees by policy, and not for the deployment's own token.
    """

    experiment: str
    dimension: str
    name: str
    evidence: str
    metrics: tuple[str, ...]
    has_ended: bool
    released_at: str | None
    release_sentence: str | None
    sentences: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    totals: tuple[dict[str, Any], ...]
    interpretation: str | msgspec.UnsetType | None = msgspec.UNSET
    interpretation_sentence: str | msgspec.UnsetType | None = msgspec.UNSET
    withheld: tuple[dict[str, Any], ...] | msgspec.UnsetType = msgspec.UNSET


def part_of(released: Node, dimension: str) -> dict[str, Any]:
    """Return what of the released results a breakdown is made from, to be redacted."""
    none_yet = {"dimension": dimension, "measures": [], "rows": [], "totals": []}
    all_found = released.get("breakdowns", ())
    found = next((b for b in all_found if b["dimension"] == dimension), none_yet)
    return {
        "released_at": released["released_at"],
        "release_sentence": released["release_sentence"],
        "metrics": [
            {"metric": m["metric"], "role": m["role"], "pairs": [_pair(p) for p in m["pairs"]]}
            for m in released["metrics"]
            if m["metric"] in found["measures"]
        ],
        "breakdowns": [found],
    }


def breakdown_of(
    shown: Node,
    *,
    experiment: str,
    dimension: str,
    name: str,
    metrics: Sequence[str],
    language: Language,
) -> BreakdownOfResults:
    """Return the answer from what passed redaction; only `metrics`, where some are asked for."""
    found: Node = next(iter(shown.get("breakdowns", ())), {})
    measures = tuple(m for m in found.get("measures", ()) if not metrics or m in metrics)
    rows = tuple(_rows(found.get("rows", ()), measures))
    more = {
        name: shown[name]
        for name in ("interpretation", "interpretation_sentence", "withheld")
        if name in shown
    }
    return BreakdownOfResults(
        experiment=experiment,
        dimension=dimension,
        name=name,
        evidence="exploratory",
        metrics=measures,
        has_ended=bool(found.get("has_ended")),
        released_at=shown.get("released_at"),
        release_sentence=shown.get("release_sentence"),
        sentences=tuple(s.in_language(language) for s in _sentences(found, rows)),
        rows=rows,
        totals=tuple(_counts(total, measures) for total in found.get("totals", ())),
        **more,
    )


def _pair(pair: Node) -> dict[str, Any]:
    """As much of a comparison as tells whether it has an estimate."""
    kept = {name: pair[name] for name in ("baseline", "variant", "status", "sentence")}
    for name in ("always_valid", "one_look"):
        limits = pair.get(name)
        kept[name] = limits and {part: limits[part] for part in ("estimate", "lower", "upper")}
    return kept


def _rows(rows: Sequence[Node], measures: Sequence[str]) -> list[dict[str, Any]]:
    shares = {measure: _shares(rows, measure) for measure in measures}
    return [
        {
            "value": row["value"],
            "cells": [
                _counts(cell, measures) | _shown_shares(cell, row["value"], shares)
                for cell in row["cells"]
            ],
        }
        for row in rows
    ]


def _counts(cell: Node, measures: Sequence[str]) -> dict[str, Any]:
    if cell.get("hidden"):
        return {"variant": cell["variant"], "hidden": True}
    events = {m: cell["values"][m] for m in measures if m in cell["values"]}
    kept = {name: cell[name] for name in ("variant", "accounts", "edition")}
    return {**kept, "events": events} if events else kept


def _shares(rows: Sequence[Node], measure: str) -> dict[tuple[str, str], ShrunkenShare]:
    """The share of every shown group, by variant and group."""
    by_variant: dict[str, dict[str, Group]] = {}
    for row in rows:
        for cell in row["cells"]:
            if measure in cell.get("values", ()):
                group = Group(cell["values"][measure], cell["accounts"])
                by_variant.setdefault(cell["variant"], {})[row["value"]] = group
    found: dict[tuple[str, str], ShrunkenShare] = {}
    for variant, groups in by_variant.items():
        shrunken = shrink([*groups.values()], level=LEVEL)
        if shrunken is not None:
            names = [(variant, value) for value in groups]
            found |= dict(zip(names, shrunken.shares, strict=True))
    return found


def _shown_shares(
    cell: Node, value: str, shares: Mapping[str, Mapping[tuple[str, str], ShrunkenShare]]
) -> dict[str, Any]:
    found = [
        {"metric": measure, "level": LEVEL, **msgspec.to_builtins(by_cell[cell["variant"], value])}
        for measure, by_cell in shares.items()
        if (cell["variant"], value) in by_cell
    ]
    return {"shares": found} if found else {}


def _sentences(found: Node, rows: Sequence[Node]) -> list[Sentence]:
    if not found:
        return []
    cells = [cell for row in rows for cell in row["cells"]]
    has_shares = any("shares" in cell for cell in cells)
    return [
        *([] if rows else [_NOTHING_YET]),
        *([_EXPLORATORY] if has_shares else []),
        *([_PROGRESS] if rows and not has_shares else []),
        *([_ENDED] if found.get("has_ended") else []),
    ]


_EXPLORATORY = Sentence(
    en="Nobody was assigned to a group: differences between groups are associations to look into, "
    "never effects. Each share is drawn towards those of the other groups, the more the fewer "
    "accounts the group has; its interval stands for itself, not corrected for many groups. Groups "
    "stand in the order in which they were registered: this is no ranking.",
    de="Niemand wurde einer Gruppe zugeteilt: Unterschiede zwischen Gruppen sind Zusammenhänge, "
    "denen man nachgehen kann, nie Wirkungen. Jeder Anteil ist zu denen der anderen Gruppen "
    "hingezogen, umso mehr, je weniger Accounts die Gruppe hat; sein Intervall steht für sich "
    "allein und ist nicht für viele Gruppen korrigiert. Gruppen stehen in der Reihenfolge, in der "
    "sie registriert wurden: Das ist keine Rangliste.",
)
_PROGRESS = Sentence(
    en="There is no estimate over all accounts, so groups show how many accounts they have, and "
    "nothing of what these did.",
    de="Über alle Accounts gibt es keine Schätzung; Gruppen zeigen daher, wie viele Accounts sie "
    "haben, und nichts davon, was diese getan haben.",
)
_NOTHING_YET = Sentence(
    en="No group is shown. Groups come with the steps of the reading, of shares of accounts alone, "
    "and none of fewer than five accounts.",
    de="Es wird keine Gruppe gezeigt. Gruppen kommen mit den Schritten der Ablesung, nur zu "
    "Anteilen von Accounts, und keine aus weniger als fünf Accounts.",
)
_ENDED = Sentence(
    en="This breakdown has ended: what it counted was amended, or its accounts have become too "
    "many. Its groups stay as they were.",
    de="Diese Aufschlüsselung ist beendet: Was sie zählte, wurde geändert, oder ihre Accounts sind "
    "zu viele geworden. Ihre Gruppen bleiben, wie sie waren.",
)
