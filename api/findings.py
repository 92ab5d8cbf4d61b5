"""What to know before an experiment is registered: findings by field, in words. Pure.

Nothing here forbids anything: people may have reasons. What cannot be is refused elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel

from api import finding_words as words
from api.finding_words import InBothLanguages
from api.foretold_power import Foretold, expected_units
from api.house_history import HouseHistory
from schemas.metric_definitions import ProposedMetric
from schemas.resources import AssignmentExposure, ExperimentDraft
from storage.overlaps import MOST_HOMES

BUSINESS_WEEK = timedelta(days=7)
FEWEST_SHARED = 5
"""Accounts in two experiments below which nothing is said: it would be about single ones."""


class Severity(StrEnum):
    """How much a finding should give pause."""

    HINT = "hint"
    WARNING = "warning"
    EXPLORATORY = "exploratory"
    """It can be run and looked at, and will hardly conclude."""


class Finding(BaseModel):
    """One thing to know, the field it is about, and what it means."""

    severity: Severity
    field: str
    rule: str
    sentence: InBothLanguages


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that findings are made from; what could not be looked up in time is absent."""

    draft: ExperimentDraft
    metrics: Mapping[str, ProposedMetric]
    is_agreement_required: bool
    history: HouseHistory | None
    foretold: Sequence[Foretold]
    overlaps: Mapping[str, int]


def findings(known: Known) -> list[Finding]:
    """Return everything worth knowing, what gives most pause first."""
    found = [*_of_the_draft(known)]
    if known.history is None:
        found.append(_hint("exposure", "not_looked_up", words.NOT_LOOKED_UP.said()))
    else:
        found += _of_the_past(known, known.history)
    return sorted(found, key=lambda finding: -_ORDER.index(finding.severity))


_ORDER = tuple(Severity)


def _of_the_draft(known: Known) -> Iterator[Finding]:
    yield from _weights(known.draft)
    yield from _period(known)
    yield from _people(known.draft)
    yield from _guardrails(known.draft)
    yield from _agreement(known)


def _of_the_past(known: Known, history: HouseHistory) -> Iterator[Finding]:
    yield from _exposure(known.draft, history)
    yield from _metric_events(known, history)
    yield from _overlap(known, history)
    yield from _size(known, history)
    yield from _power(known)


def _weights(draft: ExperimentDraft) -> Iterator[Finding]:
    weights = [variant.weight for variant in draft.variants]
    whole = sum(weights, Decimal())
    if whole not in {1, 100} and len(set(weights)) > 1:
        shares = [f"{v.key} {float(v.weight / whole):.1%}" for v in draft.variants]
        yield _hint("variants", "weights_add_up", words.WEIGHTS.said(shares=", ".join(shares)))


def _period(known: Known) -> Iterator[Finding]:
    draft = known.draft
    if draft.ends_at is None:
        yield _hint("ends_at", "no_end", words.NO_END.said())
        return
    period = draft.ends_at - draft.starts_at
    if period < BUSINESS_WEEK:
        yield _warning("ends_at", "less_than_a_week", words.LESS_THAN_A_WEEK.said())
    for use in draft.metrics:
        window = known.metrics[use.metric].window
        if period < window:
            days = f"{window / timedelta(days=1):g}"
            said = words.WINDOW_LONGER.said(metric=_name(known, use.metric), days=days)
            yield _hint("ends_at", "shorter_than_window", said)


def _people(draft: ExperimentDraft) -> Iterator[Finding]:
    for side in draft.interpreters.missing_sides:
        said = words.NO_INTERPRETER[side].said()
        yield _warning(f"interpreters.{side}", "no_interpreter", said)


def _guardrails(draft: ExperimentDraft) -> Iterator[Finding]:
    for use in draft.metrics:
        if use.role == "guardrail" and use.margin is None:
            said = words.NO_MARGIN.said(metric=use.metric)
            yield _warning(f"metrics.{use.metric}", "no_margin", said)


def _agreement(known: Known) -> Iterator[Finding]:
    severity = Severity.WARNING if known.is_agreement_required else Severity.HINT
    for key, metric in known.metrics.items():
        if not metric.in_force:
            said = words.NOT_IN_FORCE.said(metric=metric.name)
            yield _finding(severity, f"metrics.{key}", "not_in_force", said)


def _exposure(draft: ExperimentDraft, history: HouseHistory) -> Iterator[Finding]:
    if isinstance(draft.exposure, AssignmentExposure):
        if not history.exposure_events:
            said = words.NOT_ASSIGNED_YET.said(key=draft.key)
            yield _hint("exposure", "not_assigned_yet", said)
        return
    if not history.exposure_events:
        yield _warning("exposure", "matches_nothing", words.MATCHES_NOTHING.said())
        return
    unmet = [v.key for v in draft.variants if v.key not in history.by_variant]
    if unmet:
        said = words.VARIANT_UNMET.said(variants=", ".join(unmet))
        yield _warning("exposure.variant_from", "variant_without_events", said)
    if history.unknown_variant:
        said = words.UNKNOWN_VARIANT.said(
            count=history.unknown_variant, whole=history.exposure_events
        )
        yield _warning("exposure.variant_from", "unknown_variant", said)


def _metric_events(known: Known, history: HouseHistory) -> Iterator[Finding]:
    for key, count in history.metric_events.items():
        if count == 0:
            said = words.NO_METRIC_EVENTS.said(metric=_name(known, key))
            yield _warning(f"metrics.{key}", "without_events", said)


def _overlap(known: Known, history: HouseHistory) -> Iterator[Finding]:
    is_assigned = isinstance(known.draft.exposure, AssignmentExposure)
    severity = Severity.HINT if is_assigned else Severity.WARNING
    sample = known.overlaps
    for key, shared in sorted(sample.items(), key=lambda pair: -pair[1]):
        if shared >= FEWEST_SHARED:
            template = words.MAY_OVERLAP if is_assigned else words.OVERLAP
            looked_at = min(len(history.homes), MOST_HOMES)
            said = template.said(other=key, share=f"{shared / looked_at:.0%}")
            yield _finding(severity, "exposure", "overlap", said)


def _size(known: Known, history: HouseHistory) -> Iterator[Finding]:
    draft = known.draft
    if draft.ends_at is None or history.units < FEWEST_SHARED:
        return
    expected = expected_units(history, draft.ends_at - draft.starts_at)
    if expected < draft.planned_units:
        said = words.TOO_FEW_UNITS.said(expected=expected, planned=draft.planned_units)
        yield _warning("planned_units", "too_few_units", said)


def _power(known: Known) -> Iterator[Finding]:
    for one in known.foretold:
        name = _name(known, one.metric)
        field = f"metrics.{one.metric}"
        if not one.is_known:
            yield _hint(field, "cannot_be_foretold", words.NOT_FORETOLD.said(metric=name))
        elif not one.can_conclude:
            said = words.why_exploratory(one, name, known.draft.planned_units)
            yield _finding(Severity.EXPLORATORY, field, "cannot_conclude", said)


def _name(known: Known, key: str) -> str:
    return known.metrics[key].name


def _hint(field: str, rule: str, said: InBothLanguages) -> Finding:
    return _finding(Severity.HINT, field, rule, said)


def _warning(field: str, rule: str, said: InBothLanguages) -> Finding:
    return _finding(Severity.WARNING, field, rule, said)


def _finding(severity: Severity, field: str, rule: str, said: InBothLanguages) -> Finding:
    return Finding(severity=severity, field=field, rule=rule, sentence=said)
