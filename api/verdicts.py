"""What becomes of each event of a request, and the answer that says so. Pure."""

from collections.abc import Collection, Sequence

import msgspec

from api import problems
from api.cloud_events import Sent
from schemas.events import Event, InvalidEvent
from schemas.gate import GateRules, normalise
from schemas.own_types import OwnTypeRefused, OwnTypes
from schemas.problems import Problem, Verdict


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was accepted is in the log; what was refused never will be as it is."""

    accepted: int
    refused: int
    verdicts: Sequence[Verdict]


class EventName(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a request, by its place in it and by what identifies it everywhere."""

    index: int
    id: str
    source: str


class NotTakenProblem(Problem, frozen=True, kw_only=True):
    """Some events were not acknowledged: exactly those in `not_taken` are to be sent again."""

    accepted: int
    refused: int
    not_taken: tuple[EventName, ...]


class AllRefusedProblem(Problem, frozen=True, kw_only=True):
    """No event could be accepted."""

    accepted: int = 0
    refused: int


class Doubt(msgspec.Struct, frozen=True):
    """An event that is refused by what is known of its type; whether that is all, is to be seen."""

    type: str
    verdict: Verdict


def judge(
    index: int, sent: Sent, rules: GateRules, own_types: OwnTypes, now_us: int
) -> Event | Verdict | Doubt:
    """The event as the log may hold it, or the verdict that refuses it, perhaps in doubt."""
    try:
        return normalise(sent.read(now_us, own_types), rules)
    except OwnTypeRefused as refusal:
        return Doubt(refusal.type, _refused(index, sent, refusal))
    except InvalidEvent as refusal:
        return _refused(index, sent, refusal)


def _refused(index: int, sent: Sent, refusal: InvalidEvent) -> Verdict:
    source, event_id = sent.identity()
    return Verdict(
        index=index,
        verdict="refused",
        id=event_id,
        source=source,
        field=refusal.field,
        rule=refusal.rule,
        detail=refusal.detail,
    )


def receipt(judged: Sequence[Event | Verdict]) -> Receipt:
    """The answer where every event that is not refused was acknowledged."""
    verdicts = _verdicts(judged, ())
    refused = sum(verdict.verdict == "refused" for verdict in verdicts)
    return Receipt(accepted=len(verdicts) - refused, refused=refused, verdicts=verdicts)


def all_refused(judged: Sequence[Event | Verdict]) -> AllRefusedProblem:
    """The answer where there was nothing to write."""
    verdicts = _verdicts(judged, ())
    first = verdicts[0]
    return AllRefusedProblem(
        type=problems.ALL_REFUSED.uri,
        title=problems.ALL_REFUSED.title,
        status=problems.ALL_REFUSED.status,
        detail=f"{len(verdicts)} of {len(verdicts)} events refused; each verdict names the rule.",
        field=first.field,
        rule=first.rule,
        refused=len(verdicts),
        verdicts=verdicts,
    )


def not_taken(judged: Sequence[Event | Verdict], indexes: Collection[int]) -> NotTakenProblem:
    """The answer where the events at `indexes` were not acknowledged."""
    done = receipt([found for place, found in enumerate(judged) if place not in indexes])
    return NotTakenProblem(
        type=problems.NOT_TAKEN.uri,
        title=problems.NOT_TAKEN.title,
        status=problems.NOT_TAKEN.status,
        detail=f"Send the {len(indexes)} events in not_taken again; one that did arrive counts "
        "once all the same.",
        accepted=done.accepted,
        refused=done.refused,
        verdicts=_verdicts(judged, indexes),
        not_taken=tuple(
            EventName(index=place, id=found.id, source=found.source)
            for place, found in enumerate(judged)
            if place in indexes and isinstance(found, Event)
        ),
    )


def _verdicts(judged: Sequence[Event | Verdict], left_out: Collection[int]) -> tuple[Verdict, ...]:
    return tuple(
        found
        if isinstance(found, Verdict)
        else Verdict(index=index, verdict="accepted", id=found.id, source=found.source)
        for index, found in enumerate(judged)
        if index not in left_out
    )
