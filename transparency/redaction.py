"""Redacts a results document to what one person may see, and says what was left out.

Pure: the same document and view give the same answer, and redacting twice changes nothing more.
Every way out (JSON, CSV, stream, page, picture) is made from what this returns.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from schemas.policies import Level
from schemas.wording import Language
from transparency import withheld
from transparency.interpretation import Interpretation, Marker
from transparency.journeys import has_closed_contacts, without_closed_contacts
from transparency.placement import RESULTS, Fields, Place
from transparency.small_cells import hold_small_cells
from transparency.status_rule import hold_to_status
from transparency.trees import Node, objects_in, text_of
from transparency.withheld import Withheld


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How one person looks at an experiment.

    `is_pinned` says that the document is the pinned snapshot of a review. `contacts_of` names the
    accounts whose contacts are open to this person.
    """

    level: Level
    marker: Marker | None = None
    language: Language = "en"
    is_pinned: bool = False
    contacts_of: frozenset[str] = frozenset()


class Redacted(msgspec.Struct, frozen=True, kw_only=True):
    """What may be seen. Where `existence` is hidden there is nothing else: answer as if unknown."""

    existence: Literal["visible", "hidden"]
    http_status: Literal[200, 404]
    document: Mapping[str, Any] = {}
    interpretation: Interpretation | None = None
    interpretation_sentence: str | None = None
    withheld: tuple[Withheld, ...] = ()


HIDDEN = Redacted(existence="hidden", http_status=404)


def redact(document: Node, view: View, *, fields: Fields = RESULTS) -> Redacted:
    """Return what this view may see of a results document."""
    if view.level is Level.NONE:
        return HIDDEN
    held = hold_to_status(document, view.language)
    large = hold_small_cells(held.document)
    open_ = without_closed_contacts(large.document, view.contacts_of)
    seen = _seen(open_, fields, view)
    marker = view.marker
    return Redacted(
        existence="visible",
        http_status=200,
        document=seen,
        interpretation=marker.interpretation if marker else None,
        interpretation_sentence=marker.sentence.in_language(view.language) if marker else None,
        withheld=(
            *_by_status(held.metrics, seen, view),
            *_by_size(large.breakdowns, view),
            *_by_contact(large.document, view),
            *_by_place(open_, fields, view),
        ),
    )


def _seen(node: Node, fields: Fields, view: View) -> dict[str, Any]:
    return {
        name: _value(node[name], place, view)
        for name, place in fields.items()
        if name in node and _is_open(place, view) and _fits(node[name], place)
    }


def _value(value: Any, place: Place, view: View) -> Any:
    if place.within is None:
        return value
    if isinstance(value, list | tuple):
        return [_seen(item, place.within, view) for item in value if _is_for(item, place, view)]
    return value if value is None else _seen(value, place.within, view)


def _is_open(place: Place, view: View) -> bool:
    return place.level <= view.level and (view.is_pinned or not place.pinned)


def _is_for(item: Any, place: Place, view: View) -> bool:
    """Tell whether this view may see an item of a list; what is no object has no place."""
    if not isinstance(item, Mapping):
        return False
    return place.of_item is None or place.of_item(item) <= view.level


def _fits(value: Any, place: Place) -> bool:
    """Tell whether a value has the shape its place is for: a single value holds nothing hidden."""
    if place.whole:
        return True
    if place.within is not None:
        return value is None or isinstance(value, Mapping | list | tuple)
    items = value if isinstance(value, list | tuple) else (value,)
    return not any(isinstance(item, Mapping | list | tuple) for item in items)


def _by_status(metrics: tuple[str, ...], seen: Node, view: View) -> Iterator[Withheld]:
    """Explain held figures, of metrics that this view knows of."""
    known = {text_of(metric, "metric") for metric in objects_in(seen.get("metrics"))}
    return (withheld.of_status(key, view.language) for key in metrics if key in known)


def _by_size(breakdowns: tuple[str, ...], view: View) -> Iterator[Withheld]:
    if view.level >= Level.SEGMENTS:
        yield from (withheld.of_small_cells(name, view.language) for name in breakdowns)


def _by_contact(document: Node, view: View) -> Iterator[Withheld]:
    if view.level >= Level.JOURNEYS and has_closed_contacts(document, view.contacts_of):
        yield withheld.of_contacts(view.language)


def _by_place(document: Node, fields: Fields, view: View) -> Iterator[Withheld]:
    missed = set(_missed(document, fields, view))
    for level in sorted(place for place in missed if place > view.level):
        yield withheld.of_level(level, view.level, view.language)
    if any(level <= view.level for level in missed):
        yield withheld.of_pinning(view.language)


def _missed(node: Node, fields: Fields, view: View) -> Iterator[Level]:
    """Yield the level of every known field that is there and not shown."""
    for name, place in fields.items():
        if node.get(name) in (None, [], ()):
            continue
        if not _is_open(place, view):
            yield place.level
        elif place.within is not None:
            yield from _missed_within(node[name], place, place.within, view)


def _missed_within(value: Any, place: Place, within: Fields, view: View) -> Iterator[Level]:
    for item in value if isinstance(value, list | tuple) else (value,):
        if _is_for(item, place, view):
            yield from _missed(item, within, view)
        elif isinstance(item, Mapping) and place.of_item is not None:
            yield place.of_item(item)
