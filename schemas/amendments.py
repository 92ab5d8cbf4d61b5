"""What may be amended after the freeze, and which numbers a change gives another meaning. Pure.

An amendment that touches a number after the first exposure was made by somebody who could have seen
it: such a number stays counted, and is read as invalid from then on (decision 0012).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field, JsonValue

from schemas.resources import Experiment, ExperimentDraft, MetricUse, Resource, Text, Variant

EVERY_METRIC = "*"
"""In place of a metric's key: all of the experiment."""


class AmendmentDraft(Resource):
    """What is to be changed, field by field as in a draft, and why."""

    reason: Text
    changes: Annotated[dict[str, JsonValue], Field(min_length=1, max_length=32)]
    """Top-level fields of the experiment, each with its whole new value."""
    epoch: Annotated[int, Field(ge=1)] | None = None
    """The `epoch` that was read before; refused where somebody else was faster."""


class Change(Resource):
    """One field, or one part of a list, before and after; null where it is not there."""

    field: str
    before: JsonValue
    after: JsonValue


class Amendment(Resource):
    """An amendment as everybody can see it."""

    number: Annotated[int, Field(ge=1)]
    epoch: Annotated[int, Field(ge=1)]
    """The definition that it made."""
    amended_at: datetime
    amended_by: str | None
    reason: Text
    changes: tuple[Change, ...]
    touched: tuple[str, ...]
    """Metrics whose numbers mean something else since, or `*` for all."""
    after_exposure: bool
    """Whether a unit had been exposed; then what is touched is read as invalid."""


def changes_between(before: ExperimentDraft, after: ExperimentDraft) -> tuple[Change, ...]:
    """Return every field that differs; metrics and variants one by one."""
    return tuple(_changes(before.model_dump(mode="json"), after.model_dump(mode="json")))


def touched_by(before: ExperimentDraft, after: ExperimentDraft, *, now: datetime) -> frozenset[str]:
    """Return the metrics whose numbers a change gives another meaning, or `*` for all."""
    changed = {
        name
        for name in ExperimentDraft.model_fields
        if getattr(before, name) != getattr(after, name)
    }
    if changed & TOUCHES_EVERYTHING or _counts_other_units(before, after, now):
        return frozenset({EVERY_METRIC})
    return frozenset(_touched_metrics(before, after)) if "metrics" in changed else frozenset()


def invalidated_by(experiment: Experiment, metric: str) -> int | None:
    """Return the number of the first amendment that made a metric unreadable, None where none."""
    marks = experiment.invalidated
    found = [marks[key].amendment for key in (metric, EVERY_METRIC) if key in marks]
    return min(found, default=None)


TOUCHES_EVERYTHING = frozenset(
    {
        *("unit", "randomised", "exposure", "starts_at"),
        *("planned_units", "alpha", "comparisons", "looks"),
    }
)
"""Which units count, in which arm, and how sure a reading has to be."""

TOUCHES_NOTHING = frozenset(
    {
        *("name", "hypothesis", "decision_rule", "owner", "team", "interpreters", "policy"),
        *("policy_version", "follows", "template", "campaign"),
    }
)
"""What people read, who reads it, and where the question comes from."""

DEPENDS = frozenset({"variants", "ends_at", "metrics"})
"""What is looked at more closely."""

NEVER = frozenset({"key", "dimensions"})
"""What an experiment is called by; and groups: of two ways to group the same accounts, the small
ones would follow."""


def _counts_other_units(before: ExperimentDraft, after: ExperimentDraft, now: datetime) -> bool:
    if _arms(before) != _arms(after):
        return True
    # Nobody can have seen what happens at an end that lies ahead; the past is not chosen anew.
    ends = (before.ends_at, after.ends_at)
    return ends[0] != ends[1] and any(end is not None and end < now for end in ends)


def _arms(draft: ExperimentDraft) -> dict[str, Variant]:
    """What units are assigned to; what an arm is called changes none of it."""
    return {v.key: v.model_copy(update={"name": ""}) for v in draft.variants}


def _touched_metrics(before: ExperimentDraft, after: ExperimentDraft) -> Iterator[str]:
    old, new = _by_key(before), _by_key(after)
    for key in old.keys() | new.keys():
        was, becomes = old.get(key), new.get(key)
        if was is None or becomes is None or was.role != becomes.role:
            yield key
            yield from _shared_error(was, [*old.values(), *new.values()])
            yield from _shared_error(becomes, [*old.values(), *new.values()])
            yield from _freed_of(was, becomes, new)
        elif was != becomes:
            yield key


def _shared_error(use: MetricUse | None, uses: list[MetricUse]) -> Iterator[str]:
    """Primary metrics share one error, secondary ones another: each is read at its part of it."""
    if use is not None and use.role != "guardrail":
        yield from (other.metric for other in uses if other.role == use.role)


def _freed_of(
    was: MetricUse | None, becomes: MetricUse | None, new: Mapping[str, MetricUse]
) -> Iterator[str]:
    """Without a guardrail the decision rule lets pass what it would have held up."""
    was_guardrail = was is not None and was.role == "guardrail"
    is_guardrail = becomes is not None and becomes.role == "guardrail"
    if was_guardrail and not is_guardrail:
        yield from (use.metric for use in new.values() if use.role == "primary")


def _by_key(draft: ExperimentDraft) -> dict[str, MetricUse]:
    return {use.metric: use for use in draft.metrics}


_LISTS = MappingProxyType({"metrics": "metric", "variants": "key"})
"""Lists whose parts have a name of their own."""


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in ExperimentDraft.model_fields:
        if name in _LISTS:
            yield from _changed_parts(name, before[name], after[name])
        elif before[name] != after[name]:
            yield Change(field=name, before=before[name], after=after[name])


def _changed_parts(name: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    named = _LISTS[name]
    old = {part[named]: part for part in before}
    new = {part[named]: part for part in after}
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield Change(field=f"{name}.{key}", before=old.get(key), after=new.get(key))
    if old == new and [*old] != [*new]:
        yield Change(field=f"{name}.order", before=[*old], after=[*new])
