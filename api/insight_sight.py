"""How much of an insight somebody is told, by the rules that show results and reviews. Pure.

A list of what is told: a type of insight that is not placed here is told to the deployment alone.
"""

from msgspec.structs import replace

from api.identity import Asking, Machine, SignedIn
from api.visibility import Sight
from schemas.insights import (
    Alarm,
    Decided,
    ExperimentClosed,
    ExperimentStarted,
    ExperimentStopped,
    Happening,
    Insight,
    ReviewDue,
    ReviewOverdue,
    ReviewRequested,
    StatusChanged,
    WebhookDisabled,
)
from schemas.metric_definitions import Side
from schemas.policies import Level
from schemas.scopes import Scope
from schemas.wording import Sentence

ORGANISATION = Machine(token=None, name="organisation", scopes=frozenset())
"""Whoever reads the topic `insights`: nobody asks who that is, so it holds what all may see."""


def is_deployment(asking: Asking) -> bool:
    """Tell whether this is the deployment itself: it is told everything."""
    return isinstance(asking, Machine) and Scope.ADMIN in asking.scopes


def experiment_of(insight: Insight) -> str | None:
    """Return the experiment that an insight speaks of; None where it is about the platform."""
    found: str | None = getattr(insight.data, "experiment", None)
    return found


def told_to(insight: Insight, asking: Asking, sight: Sight | None) -> Insight | None:
    """Return what somebody with this sight is told, None where that is nothing.

    `sight` is None where the insight speaks of no experiment, or of one they may not know of.
    """
    if is_deployment(asking):
        return insight
    if experiment_of(insight) is None:
        return insight if isinstance(insight.data, Alarm | WebhookDisabled) else None
    if sight is None or not _is_for(insight.data, asking, sight):
        return None
    return _with_interpretation(insight, sight)


def _is_for(happening: Happening, asking: Asking, sight: Sight) -> bool:
    side = asking.side.side if isinstance(asking, SignedIn) else None
    match happening:
        case ExperimentStarted() | ExperimentClosed() | ExperimentStopped() | Decided() | Alarm():
            return sight.reaches(Level.HEADLINE)
        case StatusChanged(metric=metric):
            return sight.reaches(_level_of(metric, sight))
        case ReviewDue(side=addressed):
            return sight.reaches(Level.HEADLINE) and side is Side(addressed)
        case ReviewRequested() | ReviewOverdue():
            # Reviews that are open are shown to the two sides alone.
            return sight.reaches(Level.HEADLINE) and side is not None
        case _:
            return False


def _level_of(metric: str, sight: Sight) -> Level:
    """The headline is what the experiment is registered for, as it stands now."""
    roles = {use.metric: use.role for use in sight.experiment.metrics}
    return Level.HEADLINE if roles.get(metric) == "primary" else Level.METRICS


def _with_interpretation(insight: Insight, sight: Sight) -> Insight:
    """Say beside a status how far it was read together, as beside every reading."""
    marker, change = sight.marker, insight.data
    if marker is None or not isinstance(change, StatusChanged):
        return insight
    said = Sentence(marker.sentence.en, marker.sentence.de)
    told = replace(change, interpretation=marker.interpretation, interpretation_sentence=said)
    return replace(insight, data=told)
