"""Effects by week as people see them: in weeks that hold enough units, and shown once. Pure.

A week of few units would follow from its neighbours and the whole, and the same week shown again
after one more account was counted would tell of that account.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inference.moments import Moments

Document = Mapping[str, Any]
Weeks = Mapping[int, Moments]
_Place = tuple[str, int, str, str]


def joined_weeks(arms: Mapping[str, Weeks], *, fewest: int) -> dict[str, dict[int, Moments]]:
    """Join weeks with those behind them until every arm has `fewest` units in each.

    What is left over at the end joins the last one. A joined week is named by its first.
    """
    starts = _starts(arms, fewest)
    return {variant: _joined(weeks, starts) for variant, weeks in arms.items()}


def with_weeks_shown_before(document: Document, earlier: Sequence[Document]) -> dict[str, Any]:
    """Return a results document with the effects by week that earlier reviews were opened on."""
    shown: dict[_Place, Any] = {}
    for one in earlier:
        for place, pair in _pairs(one):
            if pair.get("weeks"):
                shown.setdefault(place, pair["weeks"])
    metrics = [
        {
            **metric,
            "pairs": [
                {**pair, "weeks": shown.get(_place(metric, pair), pair.get("weeks", []))}
                for pair in metric["pairs"]
            ],
        }
        for metric in document["metrics"]
    ]
    return {**document, "metrics": metrics}


def _starts(arms: Mapping[str, Weeks], fewest: int) -> list[int]:
    starts: list[int] = []
    units = dict.fromkeys(arms, 0)
    is_full = True
    for week in sorted({week for weeks in arms.values() for week in weeks}):
        if is_full:
            starts.append(week)
            units = dict.fromkeys(arms, 0)
        for variant, weeks in arms.items():
            units[variant] += weeks[week].n if week in weeks else 0
        is_full = all(n >= fewest for n in units.values())
    if not is_full and len(starts) > 1:
        starts.pop()
    return starts


def _joined(weeks: Weeks, starts: Sequence[int]) -> dict[int, Moments]:
    found: dict[int, Moments] = {}
    for week, moments in weeks.items():
        start = max(start for start in starts if start <= week)
        found[start] = found.get(start, Moments.zero()) + moments
    return found


def _pairs(document: Document) -> Iterator[tuple[_Place, Document]]:
    for metric in document["metrics"]:
        for pair in metric["pairs"]:
            yield _place(metric, pair), pair


def _place(metric: Document, pair: Document) -> _Place:
    return metric["metric"], metric["version"], pair["baseline"], pair["variant"]
